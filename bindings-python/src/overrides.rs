//! Overrides: values that a program sets instead of flags, for tests

use flagstaff::{ErrorCode, ExpectedType};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::convert::{self, served};
use crate::details::{EvaluationDetails, Facts};
use crate::problem::Problem;

/// The details of an overridden flag; as for a flag, a value of another type than `expected` is not served
pub(crate) fn details(
    flag: &Bound<'_, PyString>,
    value: &Bound<'_, PyAny>,
    expected: Option<ExpectedType>,
    default: &Bound<'_, PyAny>,
) -> PyResult<EvaluationDetails> {
    let (flag, default) = (flag.clone(), default.clone());
    match convert::to_value(value, &Problem::default()) {
        Some(value) if expected.is_none_or(|expected| expected.admits(&value)) => {
            if ExpectedType::Object.admits(&value) {
                return Ok(EvaluationDetails::lazy(
                    flag,
                    value,
                    Facts::overridden(true),
                ));
            }
            let facts = Facts::overridden(value != flagstaff::Value::Boolean(false));
            let value = served(&value, expected, default.py())?;
            Ok(EvaluationDetails::new(flag, value, facts))
        }
        _ => Ok(EvaluationDetails::new(
            flag,
            default,
            Facts::error(ErrorCode::TypeMismatch),
        )),
    }
}
