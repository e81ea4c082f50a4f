//! How a value or an outcome becomes what a getter returns

use flagstaff::{ErrorCode, Value, ValueType};
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyString};

use super::Client;
use crate::context::Asker;
use crate::convert;
use crate::details::FlagDetails;

/// What a getter is given: the flag's key, the default and the context
type Question<'a, 'py> = (
    &'a Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Option<&'a Bound<'py, PyAny>>,
);

impl Client {
    pub(super) fn value<'py>(
        &self,
        (flag, default, context): Question<'_, 'py>,
        expected: ValueType,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.wake(default.py())?;
        // A key that is no text is that of no flag.
        let Some(key) = key(flag) else {
            return Ok(default);
        };
        self.sdk
            .with_value(key, expected, &Asker::new(context), |value| {
                served(value, expected, default)
            })
    }

    pub(super) fn details(
        &self,
        (flag, default, context): Question<'_, '_>,
        expected: ValueType,
    ) -> PyResult<FlagDetails> {
        self.wake(default.py())?;
        let Some(key) = key(flag) else {
            return Ok(FlagDetails::error(
                flag.str()?,
                default,
                ErrorCode::FlagNotFound,
            ));
        };
        self.sdk
            .with_outcome(key, expected, &Asker::new(context), |outcome| {
                let value = served(outcome.value.as_deref(), expected, default)?;
                Ok(FlagDetails::new(
                    PyString::new(flag.py(), key),
                    value,
                    outcome,
                ))
            })
    }
}

fn key<'a>(flag: &'a Bound<'_, PyAny>) -> Option<&'a str> {
    flag.cast::<PyString>().ok()?.to_str().ok()
}

/// The value served, as the getter's type; the caller's own object where the default stands
fn served<'py>(
    value: Option<&Value>,
    expected: ValueType,
    default: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    match value {
        None => Ok(default),
        Some(Value::Number(number)) if expected == ValueType::Number => {
            Ok(PyFloat::new(default.py(), *number).into_any())
        }
        Some(value) => convert::to_python(default.py(), value),
    }
}
