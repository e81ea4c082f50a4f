//! Arguments of the constructors

use std::env;
use std::time::Duration;

use flagstaff::{Timing, UpdateMode};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::ConfigurationError;

/// The text of an argument, or of the environment variable that is its default
pub(super) fn or_environment(
    given: Option<String>,
    argument: &str,
    variable: &str,
) -> PyResult<String> {
    given.or_else(|| env::var(variable).ok()).ok_or_else(|| {
        let message =
            format!("give the client a `{argument}`, or set the environment variable {variable}");
        ConfigurationError::new_err(message)
    })
}

/// The JSON text of a document that is a `str` or a dict
pub(super) fn document_text(document: &Bound<'_, PyAny>) -> PyResult<String> {
    let py = document.py();
    if document.is_instance_of::<PyDict>() {
        return py
            .import("json")?
            .call_method1("dumps", (document,))?
            .extract();
    }
    let wrong_type = |_| {
        let message = format!(
            "expected a document as JSON text or as a dict, got `{}`",
            type_name(document)
        );
        PyTypeError::new_err(message)
    };
    document.extract().map_err(wrong_type)
}

/// A function that the client calls
pub(super) fn callback(name: &str, given: Option<Bound<'_, PyAny>>) -> PyResult<Option<Py<PyAny>>> {
    match given {
        Some(function) if !function.is_callable() => {
            let message = format!(
                "`{name}`: expected a function, got `{}`",
                type_name(&function)
            );
            Err(PyTypeError::new_err(message))
        }
        function => Ok(function.map(Bound::unbind)),
    }
}

fn type_name(object: &Bound<'_, PyAny>) -> String {
    let name = object.get_type().name();
    name.map_or_else(|_| "object".to_owned(), |name| name.to_string())
}

/// Converts `{"reconnect_base": 1.0, …}`, in seconds
pub(super) fn read_timing(given: &Bound<'_, PyDict>) -> PyResult<Timing> {
    let mut timing = Timing::default();
    for (name, value) in given.iter() {
        let name: String = name.extract()?;
        if name == "poll_after_failures" {
            timing.poll_after_failures = value.extract()?;
            continue;
        }
        let field = match name.as_str() {
            "reconnect_base" => &mut timing.reconnect_base,
            "reconnect_max" => &mut timing.reconnect_max,
            "healthy_after" => &mut timing.healthy_after,
            "refused_retry" => &mut timing.refused_retry,
            "poll_interval" => &mut timing.poll_interval,
            "read_timeout" => &mut timing.read_timeout,
            "connect_timeout" => &mut timing.connect_timeout,
            "usage_interval" => &mut timing.usage_interval,
            _ => return Err(PyValueError::new_err(format!("unknown timing `{name}`"))),
        };
        *field = delay(&name, value.extract()?)?;
    }
    Ok(timing)
}

/// How a client receives flags
pub(super) fn update_mode(name: &str) -> PyResult<UpdateMode> {
    match name {
        "stream" => Ok(UpdateMode::Stream),
        "poll" => Ok(UpdateMode::Poll),
        "offline" => Ok(UpdateMode::Offline),
        _ => Err(PyValueError::new_err(format!(
            "`mode`: expected `stream`, `poll` or `offline`, got `{name}`"
        ))),
    }
}

/// A delay in seconds, which is not negative
pub(super) fn delay(name: &str, seconds: f64) -> PyResult<Duration> {
    if seconds < 0.0 {
        let message =
            format!("`{name}`: expected a number of seconds that is not negative, got {seconds}");
        return Err(PyValueError::new_err(message));
    }
    duration(name, seconds)
}

/// A duration in seconds; a negative one is zero, and one that is too long to be represented, as `float("inf")`, never ends
pub(super) fn duration(name: &str, seconds: f64) -> PyResult<Duration> {
    if seconds.is_nan() {
        let message = format!("`{name}`: expected a number of seconds, got nan");
        return Err(PyValueError::new_err(message));
    }
    Ok(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}
