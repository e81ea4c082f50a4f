//! The methods that evaluate

use std::sync::Arc;

use flagstaff::{ExpectedType, Outcome, Value};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::careful::scopes;
use super::flags::Flags;
use super::{Any, Client};
use crate::context;
use crate::details::{EvaluationDetails, Facts};
use crate::overrides;
use crate::problem::Problem;

#[pymethods]
impl Client {
    /// A boolean flag's value, or `default`
    #[pyo3(signature = (flag, default, context = None))]
    fn get_boolean_value<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        self.value((flag, default, context), ExpectedType::Boolean)
    }

    /// A string flag's value, or `default`
    #[pyo3(signature = (flag, default, context = None))]
    fn get_string_value<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        self.value((flag, default, context), ExpectedType::String)
    }

    /// The value of a number flag that is an integer, or `default`
    #[pyo3(signature = (flag, default, context = None))]
    fn get_integer_value<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        self.value((flag, default, context), ExpectedType::Integer)
    }

    /// A number flag's value, as a float, or `default`
    #[pyo3(signature = (flag, default, context = None))]
    fn get_float_value<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        self.value((flag, default, context), ExpectedType::Number)
    }

    /// An object flag's value, a fresh copy, or `default`
    #[pyo3(signature = (flag, default, context = None))]
    fn get_object_value<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        self.value((flag, default, context), ExpectedType::Object)
    }

    /// A boolean flag's value, or `default`, and the reason for it
    #[pyo3(signature = (flag, default, context = None))]
    fn get_boolean_details<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<Bound<'py, EvaluationDetails>> {
        self.details((flag, default, context), ExpectedType::Boolean)
    }

    /// A string flag's value, or `default`, and the reason for it
    #[pyo3(signature = (flag, default, context = None))]
    fn get_string_details<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<Bound<'py, EvaluationDetails>> {
        self.details((flag, default, context), ExpectedType::String)
    }

    /// The value of a number flag that is an integer, or `default`, and the reason for it
    #[pyo3(signature = (flag, default, context = None))]
    fn get_integer_details<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<Bound<'py, EvaluationDetails>> {
        self.details((flag, default, context), ExpectedType::Integer)
    }

    /// A number flag's value, as a float, or `default`, and the reason for it
    #[pyo3(signature = (flag, default, context = None))]
    fn get_float_details<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<Bound<'py, EvaluationDetails>> {
        self.details((flag, default, context), ExpectedType::Number)
    }

    /// An object flag's value, a fresh copy, or `default`, and the reason for it
    #[pyo3(signature = (flag, default, context = None))]
    fn get_object_details<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<Bound<'py, EvaluationDetails>> {
        self.details((flag, default, context), ExpectedType::Object)
    }

    /// The flags of a context, as they are now: each is evaluated once, and all by the same revision at the same instant
    ///
    /// For code that handles one request or one task. Later changes of a dict have no effect.
    #[pyo3(signature = (context = None))]
    fn for_context(slf: &Bound<'_, Self>, context: Option<&Any<'_>>) -> PyResult<Flags> {
        let (py, client) = (slf.py(), slf.get());
        client.keep_events_flowing(py)?;
        let context = match client.effective_context(py, context)? {
            Some(context) => Some(match context.cast::<PyDict>() {
                // `dict()` of a subclass would call its methods.
                Ok(dict) => dict.copy()?.into_any(),
                Err(_) => context,
            }),
            None => None,
        };
        let overrides = client.effective_overrides(py)?;
        Ok(Flags::new(slf, client.sdk.view(), context, overrides))
    }

    /// Attributes for every evaluation within `with`, `async with` or a decorated function; the same as `flagstaff.context`
    #[staticmethod]
    fn context<'py>(py: Python<'py>, context: &Any<'py>) -> PyResult<Any<'py>> {
        scopes(py)?.call_method1("context", (context,))
    }

    /// Values of flags for every evaluation of this client within `with`, `async with` or a decorated function
    #[pyo3(name = "override")]
    fn override_flags<'py>(&self, values: &Any<'py>) -> PyResult<Any<'py>> {
        scopes(values.py())?.call_method1("override", (values, self.id))
    }

    /// The flags marked `clientSide`, evaluated for a page
    #[pyo3(signature = (context = None))]
    fn bootstrap_for<'py>(
        slf: &Bound<'py, Self>,
        context: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        let py = slf.py();
        let context = slf.get().effective_context(py, context)?;
        py.import("flagstaff._bootstrap")?
            .call_method1("bootstrap_for", (slf, context))
    }

    /// Every flag's details by key, or only of those marked `clientSide`; a broken flag's value is `None`
    #[pyo3(signature = (context = None, *, client_side = false))]
    fn evaluate_all<'py>(
        &self,
        py: Python<'py>,
        context: Option<&Any<'py>>,
        client_side: bool,
    ) -> PyResult<Bound<'py, PyDict>> {
        self.keep_events_flowing(py)?;
        let context = self.effective_context(py, context)?;
        let context = context.as_ref();
        let read = |key: &Arc<str>, outcome: &Outcome<'_>| {
            let value = outcome.value_or(&Value::Null).clone();
            (Arc::clone(key), value, Facts::new(outcome))
        };
        let evaluate = |context: &_| {
            py.detach(|| {
                if client_side {
                    self.sdk.map_client_side_outcomes(context, read)
                } else {
                    self.sdk.map_outcomes(context, read)
                }
            })
        };
        let all = PyDict::new(py);
        for (key, value, facts) in context::with_converted(context, &Problem::default(), evaluate) {
            let key = PyString::new(py, &key);
            all.set_item(&key, EvaluationDetails::lazy(key.clone(), value, facts))?;
        }
        if let Some(values) = self.effective_overrides(py)? {
            let none = py.None().into_bound(py);
            for (key, value) in values.iter() {
                // A page does not learn of flags that are not for it.
                if client_side && !all.contains(&key)? {
                    continue;
                }
                all.set_item(&key, overrides::details(&key.str()?, &value, None, &none)?)?;
            }
        }
        Ok(all)
    }

    /// Tells `on_track` of an event, such as a purchase, to be compared with the flags of its context
    #[pyo3(signature = (event, context = None, *, value = None, attributes = None))]
    #[expect(
        clippy::too_many_arguments,
        reason = "the arguments of OpenFeature's tracking"
    )]
    fn track(
        &self,
        py: Python<'_>,
        event: &Any<'_>,
        context: Option<&Any<'_>>,
        value: Option<&Any<'_>>,
        attributes: Option<&Any<'_>>,
    ) -> PyResult<()> {
        let Some(on_track) = &self.options.on_track else {
            return Ok(());
        };
        let context = self.effective_context(py, context)?;
        let call = py.import("flagstaff._warnings")?.getattr("call")?;
        call.call1((on_track, event, context, value, attributes))
            .map(drop)
    }
}
