//! Evaluation without a client: one document, any instant, whole outcomes

use flagstaff::{Context, ExpectedType, Issue, Outcome, Timestamp, Value};
use flagstaff_core::UnknownExpectedType;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;
use serde::Deserialize as _;

use crate::context::ContextArgument;
use crate::convert;
use crate::error;
use crate::problem::Problem;

/// One environment's compiled flags; immutable
#[pyclass(module = "flagstaff", frozen)]
#[derive(Debug)]
pub(crate) struct Snapshot {
    snapshot: flagstaff::Snapshot,
}

#[pymethods]
impl Snapshot {
    /// Compiles a document; `issues` lists broken flags, and the other flags work
    #[staticmethod]
    fn from_json(py: Python<'_>, document: &str) -> PyResult<Self> {
        let snapshot = py
            .detach(|| flagstaff::Snapshot::from_json(document))
            .map_err(|error| error::document_error(&error))?;
        Ok(Self { snapshot })
    }

    #[getter]
    fn environment(&self) -> &str {
        self.snapshot.environment()
    }

    #[getter]
    fn revision(&self) -> u64 {
        self.snapshot.revision()
    }

    /// Why flags are broken: dicts of `flag`, `pointer` and `message`
    #[getter]
    fn issues<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        issues(py, self.snapshot.issues())
    }

    /// The whole outcome of one flag as canonical JSON text
    ///
    /// `expected` is `"boolean"`, `"string"`, `"number"`, `"integer"`, `"object"` or `None` for any. `context` is one for getters, or JSON text,
    /// which the core parses. `now_ms` is in milliseconds since 1970.
    #[expect(
        clippy::too_many_arguments,
        reason = "an evaluation is a function of these five"
    )]
    fn evaluate(
        &self,
        flag: &str,
        expected: Option<&str>,
        default: &Bound<'_, PyAny>,
        context: Option<&Bound<'_, PyAny>>,
        now_ms: i64,
    ) -> PyResult<String> {
        let (expected, default) = (expected_type(expected)?, default_value(default));
        let now = Timestamp::from_millis(now_ms);
        let outcome = match json_text(context)? {
            Some(text) => {
                let context = Context::from_json(text);
                self.snapshot.evaluate(flag, expected, &context, now)
            }
            None => self
                .snapshot
                .evaluate(flag, expected, &ContextArgument::new(context), now),
        };
        Ok(outcome.to_value(&default).to_canonical())
    }

    /// The outcome of one flag and the steps of the evaluation, `{"outcome": …, "trace": […]}`, as canonical JSON text
    ///
    /// The arguments are those of `evaluate`.
    #[expect(
        clippy::too_many_arguments,
        reason = "an evaluation is a function of these five"
    )]
    fn explain(
        &self,
        flag: &str,
        expected: Option<&str>,
        default: &Bound<'_, PyAny>,
        context: Option<&Bound<'_, PyAny>>,
        now_ms: i64,
    ) -> PyResult<String> {
        let (expected, default) = (expected_type(expected)?, default_value(default));
        let now = Timestamp::from_millis(now_ms);
        let (outcome, trace) = match json_text(context)? {
            Some(text) => {
                let context = Context::from_json(text);
                self.snapshot.explain(flag, expected, &context, now)
            }
            None => self
                .snapshot
                .explain(flag, expected, &ContextArgument::new(context), now),
        };
        Ok(outcome.to_explanation(trace, &default).to_canonical())
    }

    /// The outcomes of all flags, `{"flags": {key: outcome}}`, as canonical JSON text
    fn evaluate_all(&self, context: Option<&Bound<'_, PyAny>>, now_ms: i64) -> PyResult<String> {
        let now = Timestamp::from_millis(now_ms);
        let outcomes = match json_text(context)? {
            Some(text) => self.snapshot.evaluate_all(&Context::from_json(text), now),
            None => self
                .snapshot
                .evaluate_all(&ContextArgument::new(context), now),
        };
        Ok(Outcome::all_to_value(&outcomes, &Value::Null).to_canonical())
    }

    /// The slot of a unit, from 0 to `total` - 1; the same in all SDKs
    #[staticmethod]
    fn bucket(salt: &str, unit: &str, total: u32) -> u32 {
        flagstaff_core::slot(unit, flagstaff_core::seed(salt), total)
    }
}

fn expected_type(name: Option<&str>) -> PyResult<Option<ExpectedType>> {
    let parsed = name.map(str::parse).transpose();
    parsed.map_err(|error: UnknownExpectedType| PyValueError::new_err(error.to_string()))
}

/// A default that JSON cannot represent is `null` in the text of an outcome
fn default_value(default: &Bound<'_, PyAny>) -> Value {
    convert::to_value(default, &Problem::default()).unwrap_or_default()
}

/// A context that is JSON text
fn json_text<'a>(context: Option<&'a Bound<'_, PyAny>>) -> PyResult<Option<&'a str>> {
    context
        .and_then(|context| context.cast::<PyString>().ok())
        .map(PyStringMethods::to_str)
        .transpose()
}

/// Issues as dicts of `flag`, `pointer` and `message`
pub(crate) fn issues<'py>(py: Python<'py>, issues: &[Issue]) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let issue = |issue| {
        let value = serde_json::to_value(issue).and_then(Value::deserialize);
        // Cannot fail: an issue is plain data.
        convert::to_python(py, &value.unwrap_or_default())
    };
    issues.iter().map(issue).collect()
}
