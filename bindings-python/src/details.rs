//! An evaluation with its circumstances

use std::sync::Arc;

use flagstaff::{Details, ErrorCode, Object, Outcome, Reason, Value};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyType};

use crate::convert;

/// A value, and why it is this one; OpenFeature's evaluation details
///
/// What it holds becomes Python's when it is asked for: of the details of all flags few are looked at.
#[pyclass(module = "flagstaff", frozen)]
pub(crate) struct FlagDetails {
    #[pyo3(get)]
    flag_key: Py<PyString>,
    value: Lazy,
    variant: Option<Arc<str>>,
    reason: Reason,
    error_code: Option<ErrorCode>,
    metadata: Object,
    #[pyo3(get)]
    enabled: bool,
}

/// A value that becomes a Python object once
struct Lazy {
    made: PyOnceLock<Py<PyAny>>,
    // What it is made from.
    value: Value,
}

impl Lazy {
    fn get<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        let make = || convert::to_python(py, &self.value).map(Bound::unbind);
        self.made
            .get_or_try_init(py, make)
            .map(|made| made.bind(py))
    }
}

impl FlagDetails {
    /// Details whose value becomes Python's later
    pub(crate) fn served(flag_key: Bound<'_, PyString>, details: Details<Value>) -> Self {
        Self {
            flag_key: flag_key.unbind(),
            value: Lazy {
                made: PyOnceLock::new(),
                value: details.value,
            },
            variant: details.variant,
            reason: details.reason,
            error_code: details.error_code,
            metadata: details.flag_metadata,
            enabled: details.enabled,
        }
    }

    /// Details whose value is an object that there is already
    pub(crate) fn new(
        flag_key: Bound<'_, PyString>,
        value: Bound<'_, PyAny>,
        outcome: &Outcome<'_>,
    ) -> Self {
        Self {
            flag_key: flag_key.unbind(),
            value: made(value),
            variant: outcome.shared_variant().cloned(),
            reason: outcome.reason,
            error_code: outcome.error_code,
            metadata: outcome.metadata.cloned().unwrap_or_default(),
            enabled: outcome.enabled,
        }
    }

    /// What was asked for cannot be a flag's key
    pub(crate) fn error(
        flag_key: Bound<'_, PyString>,
        default: Bound<'_, PyAny>,
        code: ErrorCode,
    ) -> Self {
        Self {
            flag_key: flag_key.unbind(),
            value: made(default),
            variant: None,
            reason: Reason::Error,
            error_code: Some(code),
            metadata: Object::new(),
            enabled: false,
        }
    }
}

fn made(object: Bound<'_, PyAny>) -> Lazy {
    let py = object.py();
    let made = PyOnceLock::new();
    // It is new, and so it is empty.
    let _ = made.set(py, object.unbind());
    Lazy {
        made,
        value: Value::Null,
    }
}

#[pymethods]
impl FlagDetails {
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.value.get(py).cloned()
    }

    #[getter]
    fn variant(&self) -> Option<&str> {
        self.variant.as_deref()
    }

    #[getter]
    fn reason(&self) -> &'static str {
        self.reason.as_str()
    }

    #[getter]
    fn error_code(&self) -> Option<&'static str> {
        self.error_code.map(ErrorCode::as_str)
    }

    #[getter]
    fn error_message(&self) -> Option<&'static str> {
        self.error_code.map(ErrorCode::message)
    }

    #[getter]
    fn flag_metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        convert::to_dict(py, &self.metadata)
    }

    // `if client.get_boolean_details(…)` would hold for a flag that is off.
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
            "FlagDetails(flag_key={}, value={}, variant={}, reason='{}', error_code={}, enabled={})",
            self.flag_key.bind(py).repr()?,
            self.value.get(py)?.repr()?,
            text(self.variant()),
            self.reason,
            text(self.error_code()),
            if self.enabled { "True" } else { "False" },
        ))
    }

    /// `FlagDetails[bool]`, for annotations
    #[classmethod]
    fn __class_getitem__<'py>(
        cls: &Bound<'py, PyType>,
        _item: &Bound<'py, PyAny>,
    ) -> Bound<'py, PyType> {
        cls.clone()
    }
}
