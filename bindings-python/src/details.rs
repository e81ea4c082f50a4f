//! An evaluation with its circumstances

use flagstaff::{ErrorCode, Object, Outcome, Reason};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};

use crate::convert;

/// A value, and why it is this one; OpenFeature's evaluation details
#[pyclass(module = "flagstaff", frozen)]
#[derive(Debug)]
pub(crate) struct FlagDetails {
    #[pyo3(get)]
    flag_key: Py<PyString>,
    #[pyo3(get)]
    value: Py<PyAny>,
    #[pyo3(get)]
    variant: Option<Py<PyString>>,
    reason: Reason,
    error_code: Option<ErrorCode>,
    metadata: Object,
    #[pyo3(get)]
    enabled: bool,
}

impl FlagDetails {
    pub(crate) fn new(
        flag_key: Bound<'_, PyString>,
        value: Bound<'_, PyAny>,
        outcome: &Outcome<'_>,
    ) -> Self {
        let py = flag_key.py();
        Self {
            flag_key: flag_key.unbind(),
            value: value.unbind(),
            variant: outcome
                .variant
                .map(|variant| PyString::new(py, variant).unbind()),
            reason: outcome.reason,
            error_code: outcome.error_code,
            metadata: outcome.metadata.cloned().unwrap_or_default(),
            enabled: outcome.enabled,
        }
    }
}

impl FlagDetails {
    /// What was asked for cannot be a flag's key
    pub(crate) fn error(
        flag_key: Bound<'_, PyString>,
        default: Bound<'_, PyAny>,
        code: ErrorCode,
    ) -> Self {
        Self {
            flag_key: flag_key.unbind(),
            value: default.unbind(),
            variant: None,
            reason: Reason::Error,
            error_code: Some(code),
            metadata: Object::new(),
            enabled: false,
        }
    }
}

#[pymethods]
impl FlagDetails {
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
        let variant = self
            .variant
            .as_ref()
            .map(|variant| variant.bind(py).to_string());
        Ok(format!(
            "FlagDetails(flag_key={}, value={}, variant={}, reason='{}', error_code={}, enabled={})",
            self.flag_key.bind(py).repr()?,
            self.value.bind(py).repr()?,
            text(variant.as_deref()),
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
