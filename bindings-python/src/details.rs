//! A value with the reason for it

use std::sync::Arc;

use flagstaff::{ErrorCode, JsonObject, Outcome, Reason, Value};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyType};

use crate::convert;
use crate::step::Step;

/// A value and the reason for it: OpenFeature's evaluation details
///
/// Attributes become Python objects when they are read: most details of an evaluation of all flags are not.
#[pyclass(module = "flagstaff", frozen)]
pub(crate) struct EvaluationDetails {
    #[pyo3(get)]
    flag_key: Py<PyString>,
    value: Lazy,
    facts: Facts,
}

/// The details of an evaluation besides its value
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    variant: Option<Arc<str>>,
    reason: Reason,
    error_code: Option<ErrorCode>,
    metadata: JsonObject,
    enabled: bool,
    in_experiment: bool,
    step: Step,
    sources: Vec<(String, Box<str>)>,
}

impl Facts {
    /// The facts of an outcome
    pub(crate) fn new(outcome: &Outcome<'_>) -> Self {
        let sources = outcome.sources().into_iter();
        Self {
            variant: outcome.shared_variant().cloned(),
            reason: outcome.reason,
            error_code: outcome.error_code(),
            metadata: outcome.metadata.cloned().unwrap_or_default(),
            enabled: outcome.enabled,
            in_experiment: outcome.in_experiment,
            step: Step::new(outcome.detail),
            sources: sources
                .map(|(pointer, source)| (pointer, source.into()))
                .collect(),
        }
    }

    /// The facts of an override
    pub(crate) fn overridden(enabled: bool) -> Self {
        Self {
            reason: Reason::Static,
            error_code: None,
            enabled,
            ..Self::error(ErrorCode::FlagNotFound)
        }
    }

    /// The facts of an evaluation that failed before it reached a flag
    pub(crate) fn error(code: ErrorCode) -> Self {
        Self {
            variant: None,
            reason: Reason::Error,
            error_code: Some(code),
            metadata: JsonObject::new(),
            enabled: false,
            in_experiment: false,
            step: Step::default(),
            sources: Vec::new(),
        }
    }
}

/// A value that becomes a Python object once
struct Lazy {
    object: PyOnceLock<Py<PyAny>>,
    // Its source.
    value: Value,
}

impl Lazy {
    /// A value that is a Python object already
    fn converted(object: Bound<'_, PyAny>) -> Self {
        let py = object.py();
        let lock = PyOnceLock::new();
        // Cannot fail: the lock is new and so empty.
        let _ = lock.set(py, object.unbind());
        Self {
            object: lock,
            value: Value::Null,
        }
    }

    fn later(value: Value) -> Self {
        Self {
            object: PyOnceLock::new(),
            value,
        }
    }

    fn get<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        let convert = || convert::to_python(py, &self.value).map(Bound::unbind);
        self.object
            .get_or_try_init(py, convert)
            .map(|object| object.bind(py))
    }
}

impl EvaluationDetails {
    /// Details whose value becomes a Python object later
    pub(crate) fn lazy(flag_key: Bound<'_, PyString>, value: Value, facts: Facts) -> Self {
        Self {
            flag_key: flag_key.unbind(),
            value: Lazy::later(value),
            facts,
        }
    }

    /// Details whose value is a Python object
    pub(crate) fn new(
        flag_key: Bound<'_, PyString>,
        value: Bound<'_, PyAny>,
        facts: Facts,
    ) -> Self {
        Self {
            flag_key: flag_key.unbind(),
            value: Lazy::converted(value),
            facts,
        }
    }

    /// The value, which is a new object where it can be changed, or `default` if there is an error
    pub(crate) fn value_or<'py>(&self, default: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = default.py();
        match &self.value.value {
            _ if self.facts.error_code.is_some() => Ok(default),
            Value::Object(_) | Value::Array(_) => convert::to_python(py, &self.value.value),
            _ => self.value.get(py).cloned(),
        }
    }

    /// Whether the evaluation had no error
    pub(crate) fn has_value(&self) -> bool {
        self.facts.error_code.is_none()
    }

    /// The same details for a caller with another default
    pub(crate) fn with_default(&self, default: Bound<'_, PyAny>) -> PyResult<Self> {
        let flag_key = self.flag_key.bind(default.py()).clone();
        let facts = self.facts.clone();
        let value = &self.value.value;
        Ok(match value {
            Value::Object(_) | Value::Array(_) => Self::lazy(flag_key, value.clone(), facts),
            _ => Self::new(flag_key, self.value_or(default)?, facts),
        })
    }
}

#[pymethods]
impl EvaluationDetails {
    #[getter]
    pub(crate) fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.value.get(py).cloned()
    }

    #[getter]
    fn variant(&self) -> Option<&str> {
        self.facts.variant.as_deref()
    }

    #[getter]
    fn reason(&self) -> &'static str {
        self.facts.reason.as_str()
    }

    #[getter]
    fn error_code(&self) -> Option<&'static str> {
        self.facts.error_code.map(ErrorCode::as_str)
    }

    #[getter]
    fn error_message(&self) -> Option<&'static str> {
        self.facts.error_code.map(ErrorCode::message)
    }

    #[getter]
    fn flag_metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        convert::to_dict(py, &self.facts.metadata)
    }

    #[getter]
    fn enabled(&self) -> bool {
        self.facts.enabled
    }

    #[getter]
    fn in_experiment(&self) -> bool {
        self.facts.in_experiment
    }

    #[getter]
    fn detail<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.facts.step.to_dict(py)
    }

    #[getter]
    fn sources<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let sources = PyDict::new(py);
        for (pointer, source) in &self.facts.sources {
            sources.set_item(pointer, &**source)?;
        }
        Ok(sources)
    }

    // `if client.get_boolean_details(…)` would be true for a flag that is off.
    #[expect(clippy::unused_self, reason = "Python's protocol")]
    fn __bool__(&self) -> PyResult<bool> {
        Err(PyTypeError::new_err(
            "details are neither true nor false: read their `value`",
        ))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let text =
            |text: Option<&str>| text.map_or_else(|| "None".to_owned(), |text| format!("'{text}'"));
        Ok(format!(
            "EvaluationDetails(flag_key={}, value={}, variant={}, reason='{}', error_code={}, enabled={})",
            self.flag_key.bind(py).repr()?,
            self.value.get(py)?.repr()?,
            text(self.variant()),
            self.facts.reason,
            text(self.error_code()),
            if self.facts.enabled { "True" } else { "False" },
        ))
    }

    /// `EvaluationDetails[bool]`, for annotations
    #[classmethod]
    fn __class_getitem__<'py>(
        cls: &Bound<'py, PyType>,
        _item: &Bound<'py, PyAny>,
    ) -> Bound<'py, PyType> {
        cls.clone()
    }
}
