//! What a client is made of

use std::time::Duration;

use flagstaff::Timing;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// A document's text, of a `str` or of a dict
pub(super) fn document_text(document: &Bound<'_, PyAny>) -> PyResult<String> {
    let py = document.py();
    if document.is_instance_of::<PyDict>() {
        return py
            .import("json")?
            .call_method1("dumps", (document,))?
            .extract();
    }
    document.extract()
}

/// Reads `{"reconnect_base": 1.0, …}`, in seconds
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
        let seconds: f64 = value.extract()?;
        if seconds < 0.0 {
            let message = format!("`{name}`: expected seconds, not negative, got {seconds}");
            return Err(PyValueError::new_err(message));
        }
        *field = duration(&name, seconds)?;
    }
    Ok(timing)
}

/// A duration in seconds; what is negative has passed, and what is too long to be represented, as `float("inf")`, never passes
pub(super) fn duration(name: &str, seconds: f64) -> PyResult<Duration> {
    if seconds.is_nan() {
        let message = format!("`{name}`: expected seconds, got nan");
        return Err(PyValueError::new_err(message));
    }
    Ok(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}
