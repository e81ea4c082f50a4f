//! The flags of one context, of one snapshot and of one instant

use flagstaff::{ExpectedType, Outcome, Value};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString};

use super::Client;
use crate::context::ContextArgument;
use crate::convert::{is_container, key, served};
use crate::details::{EvaluationDetails, Facts};
use crate::overrides;

type Any<'py> = Bound<'py, PyAny>;

/// The flags of one context: each is evaluated once, when it is first read, and all by the same revision at the same instant
#[pyclass(module = "flagstaff", frozen, mapping)]
pub(crate) struct Flags {
    client: Py<Client>,
    view: flagstaff::ClientView,
    context: Option<Py<PyAny>>,
    // Values that the program has set instead of flags.
    overrides: Option<Py<PyDict>>,
    // The results of `flags[key]` without an error: the second read of a key is a look-up in a dict.
    switches: Py<PyDict>,
    // Details by key, one dict for each type that was asked for; the last one is for any type.
    evaluated: [PyOnceLock<Py<PyDict>>; ANY + 1],
}

/// The position of the details of any type
const ANY: usize = ExpectedType::ALL.len();
const BOOLEAN: Option<ExpectedType> = Some(ExpectedType::Boolean);

impl Flags {
    /// The flags of a context: a dict that this may keep, or a `PreparedContext`; `overrides` are used in place of flags
    pub(crate) fn new(
        client: &Bound<'_, Client>,
        view: flagstaff::ClientView,
        context: Option<Any<'_>>,
        overrides: Option<Bound<'_, PyDict>>,
    ) -> Self {
        Self {
            client: client.clone().unbind(),
            view,
            context: context.map(Bound::unbind),
            overrides: overrides.map(Bound::unbind),
            switches: PyDict::new(client.py()).unbind(),
            evaluated: [const { PyOnceLock::new() }; ANY + 1],
        }
    }

    /// The details of a flag, evaluated at the first call; `None` if no flag can have this key
    fn evaluated<'py>(
        &self,
        flag: &Any<'py>,
        default: &Any<'py>,
        expected: Option<ExpectedType>,
    ) -> PyResult<Option<Bound<'py, EvaluationDetails>>> {
        let py = flag.py();
        let (Some(key), Some(cache)) = (key(flag), self.details_of(expected, py)) else {
            return Ok(None);
        };
        if let Some(known) = cache.get_item(flag)? {
            return Ok(Some(known.cast_into()?));
        }
        let overrides = self.overrides.as_ref().map(|values| values.bind(py));
        let overridden = overrides.map(|values| values.get_item(flag)).transpose()?;
        let details = match overridden.flatten() {
            Some(value) => {
                let none = py.None().into_bound(py);
                overrides::details(&PyString::new(py, key), &value, expected, &none)?
            }
            None => self.evaluate(flag, key, expected, |outcome| {
                details_from(PyString::new(py, key), outcome, expected)
            })?,
        };
        let details = Bound::new(py, details)?;
        cache.set_item(flag, &details)?;
        let client = self.client.get();
        if client.is_observed() {
            let context = self.context.as_ref().map(|context| context.bind(py));
            let seen = Bound::new(py, details.get().with_default(default.clone())?)?;
            client.observe(&seen, context)?;
        }
        Ok(Some(details))
    }

    /// The details that were evaluated for an expected type, by key
    fn details_of<'py>(
        &self,
        expected: Option<ExpectedType>,
        py: Python<'py>,
    ) -> Option<&Bound<'py, PyDict>> {
        let cell = self.cell(expected)?;
        Some(cell.get_or_init(py, || PyDict::new(py).unbind()).bind(py))
    }

    fn cell(&self, expected: Option<ExpectedType>) -> Option<&PyOnceLock<Py<PyDict>>> {
        self.evaluated
            .get(expected.map_or(ANY, |expected| expected as usize))
    }

    /// Evaluates a flag, and logs if that or its context has an error
    fn evaluate<T>(
        &self,
        flag: &Any<'_>,
        key: &str,
        expected: Option<ExpectedType>,
        read: impl FnOnce(&Outcome<'_>) -> PyResult<T>,
    ) -> PyResult<T> {
        let context = self.context.as_ref().map(|context| context.bind(flag.py()));
        let (argument, mut error) = (ContextArgument::new(context), None);
        let read = |outcome: &Outcome<'_>| {
            error = outcome.error_code();
            read(outcome)
        };
        // `flags[key]` has counted it, and now its details are read.
        let is_counted = expected == BOOLEAN && self.known_switch(flag).is_some();
        let read = if is_counted {
            read(&self.view.uncounted_outcome(key, expected, &argument))?
        } else {
            self.view.with_outcome(key, expected, &argument, read)?
        };
        if error.is_some() || argument.problem().is_some() {
            self.client.get().warn(flag, error, &argument);
        }
        Ok(read)
    }

    fn value<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        expected: ExpectedType,
    ) -> PyResult<Any<'py>> {
        match self.evaluated(flag, &default, Some(expected))? {
            Some(details) => details.get().value_or(default),
            None => Ok(default),
        }
    }

    /// A boolean flag that `flags[key]` has read, if that had no error
    fn known_switch<'py>(&self, flag: &Any<'py>) -> Option<Any<'py>> {
        // An error means that the key cannot be a dict's, so there is no such flag.
        self.switches
            .bind(flag.py())
            .get_item(flag)
            .unwrap_or_default()
    }

    #[cold]
    fn first_switch<'py>(&self, flag: &Any<'py>) -> PyResult<Any<'py>> {
        let py = flag.py();
        let switch = |is_on| PyBool::new(py, is_on).to_owned().into_any();
        let value = match self.switch_without_details(flag)? {
            Some(is_on) => switch(is_on),
            None => match self.evaluated(flag, &switch(false), BOOLEAN)? {
                Some(details) if details.get().has_value() => details.get().value(py)?,
                _ => return Ok(switch(false)),
            },
        };
        self.switches.bind(py).set_item(flag, &value)?;
        Ok(value)
    }

    /// Evaluates a boolean flag without making its details
    ///
    /// `None` if the details exist already, if something else needs them, or if there is an error, whose details are kept.
    fn switch_without_details(&self, flag: &Any<'_>) -> PyResult<Option<bool>> {
        let py = flag.py();
        let Some(key) = key(flag) else {
            return Ok(None);
        };
        if self.overrides.is_some() || self.client.get().is_observed() {
            return Ok(None);
        }
        let known = self.cell(BOOLEAN).and_then(|cell| cell.get(py));
        if let Some(known) = known
            && known.bind(py).contains(flag)?
        {
            return Ok(None);
        }
        self.evaluate(flag, key, BOOLEAN, |outcome| {
            if let Ok(Value::Boolean(is_on)) = outcome.value.as_deref() {
                return Ok(Some(*is_on));
            }
            if let Some(cache) = self.details_of(BOOLEAN, py) {
                let details = details_from(PyString::new(py, key), outcome, BOOLEAN)?;
                cache.set_item(flag, Bound::new(py, details)?)?;
            }
            Ok(None)
        })
    }
}

/// The details of an outcome
fn details_from(
    flag: Bound<'_, PyString>,
    outcome: &Outcome<'_>,
    expected: Option<ExpectedType>,
) -> PyResult<EvaluationDetails> {
    let (py, facts) = (flag.py(), Facts::new(outcome));
    Ok(match outcome.value.as_deref() {
        Err(_) => EvaluationDetails::new(flag, py.None().into_bound(py), facts),
        // An object is converted at each read.
        Ok(value) if ExpectedType::Object.admits(value) => {
            EvaluationDetails::lazy(flag, value.clone(), facts)
        }
        Ok(value) => EvaluationDetails::new(flag, served(value, expected, py)?, facts),
    })
}

#[pymethods]
impl Flags {
    /// `flags["new-nav"]`: whether a boolean flag is on; false also if there is no such flag
    fn __getitem__<'py>(&self, flag: &Any<'py>) -> PyResult<Any<'py>> {
        match self.known_switch(flag) {
            Some(value) => Ok(value),
            None => self.first_switch(flag),
        }
    }

    /// Whether there is such a flag
    fn __contains__(&self, flag: &Any<'_>) -> PyResult<bool> {
        let Some(key) = key(flag) else {
            return Ok(false);
        };
        let is_overridden = match &self.overrides {
            Some(values) => values.bind(flag.py()).contains(flag)?,
            None => false,
        };
        Ok(is_overridden || self.view.snapshot().descriptor(key, 0).is_some())
    }

    /// A boolean flag's value, or `default`
    fn boolean<'py>(&self, flag: &Any<'py>, default: Any<'py>) -> PyResult<Any<'py>> {
        match self.known_switch(flag) {
            Some(value) => Ok(value),
            None => self.value(flag, default, ExpectedType::Boolean),
        }
    }

    /// A string flag's value, or `default`
    fn string<'py>(&self, flag: &Any<'py>, default: Any<'py>) -> PyResult<Any<'py>> {
        self.value(flag, default, ExpectedType::String)
    }

    /// The value of a number flag that is an integer, or `default`
    fn integer<'py>(&self, flag: &Any<'py>, default: Any<'py>) -> PyResult<Any<'py>> {
        self.value(flag, default, ExpectedType::Integer)
    }

    /// A number flag's value, as a float, or `default`
    fn float<'py>(&self, flag: &Any<'py>, default: Any<'py>) -> PyResult<Any<'py>> {
        self.value(flag, default, ExpectedType::Number)
    }

    /// An object flag's value, a fresh copy, or `default`
    fn object<'py>(&self, flag: &Any<'py>, default: Any<'py>) -> PyResult<Any<'py>> {
        self.value(flag, default, ExpectedType::Object)
    }

    /// A flag's value, or `default`, and the reason for it; the type of the default is the type that the flag must have
    fn details<'py>(&self, flag: &Any<'py>, default: Any<'py>) -> PyResult<EvaluationDetails> {
        match self.evaluated(flag, &default, type_of(&default))? {
            Some(details) => details.get().with_default(default),
            None => Ok(EvaluationDetails::new(
                flag.str()?,
                default,
                Facts::error(flagstaff::ErrorCode::FlagNotFound),
            )),
        }
    }

    /// The revision that the flags are of
    #[getter]
    fn revision(&self) -> u64 {
        self.view.snapshot().revision()
    }

    fn __repr__(&self) -> String {
        format!("<flagstaff.Flags of revision {}>", self.revision())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.client)?;
        visit.call(&self.context)?;
        visit.call(&self.switches)
    }
}

/// The expected type for this default; `None` if the default has no type, so that any is accepted
fn type_of(default: &Any<'_>) -> Option<ExpectedType> {
    // Before int, of which bool is a subclass.
    if default.is_instance_of::<PyBool>() {
        Some(ExpectedType::Boolean)
    } else if default.is_instance_of::<PyString>() {
        Some(ExpectedType::String)
    } else if default.is_instance_of::<PyInt>() {
        Some(ExpectedType::Integer)
    } else if default.is_instance_of::<PyFloat>() {
        Some(ExpectedType::Number)
    } else if is_container(default) {
        Some(ExpectedType::Object)
    } else {
        None
    }
}
