//! Evaluates for a getter, and converts the result to a Python object

use std::cell::Cell;

use flagstaff::{ErrorCode, ExpectedType};
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::Client;
use crate::context::ContextArgument;
use crate::convert::{key, served};
use crate::details::{EvaluationDetails, Facts};

/// The arguments of a getter: the flag's key, the default and the context
pub(super) type GetterArguments<'a, 'py> = (
    &'a Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Option<&'a Bound<'py, PyAny>>,
);

impl Client {
    pub(super) fn value<'py>(
        &self,
        (flag, default, context): GetterArguments<'_, 'py>,
        expected: ExpectedType,
    ) -> PyResult<Bound<'py, PyAny>> {
        let argument = ContextArgument::new(context);
        if self.needs_care() || argument.is_invalid() {
            return self.careful_value((flag, default, context), expected);
        }
        let Some(key) = key(flag) else {
            return Ok(default);
        };
        let error = Cell::new(None);
        let value = self
            .sdk
            .with_value(key, expected, &argument, |value| match value {
                Ok(value) => served(value, Some(expected), default.py()),
                Err(code) => {
                    error.set(code);
                    Ok(default)
                }
            });
        if error.get().is_some() || argument.problem().is_some() {
            self.warn(flag, error.get(), &argument);
        }
        value
    }

    pub(super) fn details<'py>(
        &self,
        (flag, default, context): GetterArguments<'_, 'py>,
        expected: ExpectedType,
    ) -> PyResult<Bound<'py, EvaluationDetails>> {
        if self.needs_care() || ContextArgument::new(context).is_invalid() {
            self.careful_details((flag, default, context), expected)
        } else {
            self.plain_details((flag, default, context), expected)
        }
    }

    /// Details by the flag and the context alone
    pub(super) fn plain_details<'py>(
        &self,
        (flag, default, context): GetterArguments<'_, 'py>,
        expected: ExpectedType,
    ) -> PyResult<Bound<'py, EvaluationDetails>> {
        let py = default.py();
        let Some(key) = key(flag) else {
            let facts = Facts::error(ErrorCode::FlagNotFound);
            return Bound::new(py, EvaluationDetails::new(flag.str()?, default, facts));
        };
        let argument = ContextArgument::new(context);
        let mut error = None;
        let details = self.sdk.with_outcome(key, expected, &argument, |outcome| {
            error = outcome.error_code();
            let value = match outcome.value.as_deref() {
                Ok(value) => served(value, Some(expected), py)?,
                Err(_) => default,
            };
            let flag = PyString::new(py, key);
            Ok::<_, PyErr>(EvaluationDetails::new(flag, value, Facts::new(outcome)))
        })?;
        if error.is_some() || argument.problem().is_some() {
            self.warn(flag, error, &argument);
        }
        Bound::new(py, details)
    }
}
