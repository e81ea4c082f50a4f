//! Starting and ending a client, its state, and its callbacks for changes

use std::time::{Duration, Instant};

use flagstaff::Readiness;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{Any, Client, async_module, events_module, lifecycle, options};
use crate::snapshot;

/// `ready` checks for signals such as Ctrl-C this often
const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// The default of `close`, in seconds
const CLOSE_TIMEOUT: f64 = 2.0;

#[pymethods]
impl Client {
    /// Starts the background thread, which receives flags; does nothing if it was started
    pub(super) fn start(slf: &Bound<'_, Self>) -> PyResult<()> {
        lifecycle(slf.py())?.call_method1("start", (slf,)).map(drop)
    }

    /// Waits until the client is ready, at most for `timeout` seconds (`float("inf")`: for ever); starts the client first if necessary
    ///
    /// The result, a `Readiness`, tells how the wait ended. In each case the client keeps trying, and getters work.
    #[pyo3(signature = (timeout = 5.0))]
    fn ready<'py>(slf: &Bound<'py, Self>, timeout: f64) -> PyResult<Any<'py>> {
        lifecycle(slf.py())?.call_method1("ready", (slf, timeout))
    }

    /// Sends the counts of evaluations now, at most for `timeout` seconds; returns whether the server has them
    #[pyo3(signature = (timeout = 2.0))]
    fn flush<'py>(slf: &Bound<'py, Self>, timeout: f64) -> PyResult<Any<'py>> {
        lifecycle(slf.py())?.call_method1("flush", (slf, timeout))
    }

    /// Stops the background thread for good, and sends the last counts, at most for `timeout` seconds; flags keep their last values
    #[pyo3(signature = (timeout = 2.0))]
    fn close<'py>(slf: &Bound<'py, Self>, timeout: f64) -> PyResult<Any<'py>> {
        lifecycle(slf.py())?.call_method1("close", (slf, timeout))
    }

    /// As `ready`, in asyncio
    #[pyo3(signature = (timeout = 5.0))]
    fn aready<'py>(slf: &Bound<'py, Self>, timeout: f64) -> PyResult<Any<'py>> {
        async_module(slf.py())?.call_method1("ready", (slf, timeout))
    }

    /// As `flush`, in asyncio
    #[pyo3(signature = (timeout = 2.0))]
    fn aflush<'py>(slf: &Bound<'py, Self>, timeout: f64) -> PyResult<Any<'py>> {
        async_module(slf.py())?.call_method1("flush", (slf, timeout))
    }

    /// As `close`, in asyncio
    #[pyo3(signature = (timeout = 2.0))]
    fn aclose<'py>(slf: &Bound<'py, Self>, timeout: f64) -> PyResult<Any<'py>> {
        async_module(slf.py())?.call_method1("close", (slf, timeout))
    }

    /// The name of the readiness, after at most `timeout` seconds
    fn _ready(&self, py: Python<'_>, timeout: f64) -> PyResult<&'static str> {
        let (began, timeout) = (Instant::now(), options::duration("timeout", timeout)?);
        loop {
            let left = timeout.saturating_sub(began.elapsed());
            let readiness = py.detach(|| self.sdk.ready(left.min(SIGNAL_CHECK)));
            let settled = self.sdk.readiness();
            if left.is_zero() || settled.is_some() {
                return Ok(settled.unwrap_or(readiness).as_str());
            }
            py.check_signals()?;
        }
    }

    /// The name of the readiness, if a wait would end now
    fn _readiness(&self) -> Option<&'static str> {
        self.sdk.readiness().map(Readiness::as_str)
    }

    fn _start(&self) {
        self.sdk.start();
    }

    fn _flush(&self, py: Python<'_>, timeout: f64) -> PyResult<bool> {
        let timeout = options::duration("timeout", timeout)?;
        Ok(py.detach(|| self.sdk.flush(timeout)))
    }

    fn _close(&self, py: Python<'_>, timeout: f64) -> PyResult<bool> {
        let timeout = options::duration("timeout", timeout)?;
        Ok(py.detach(|| self.sdk.close_within(timeout)))
    }

    /// The client's status: `"NOT_READY"`, `"READY"`, `"STALE"` or `"FAILED"`
    #[getter]
    fn status(&self) -> &'static str {
        self.sdk.status().as_str()
    }

    /// Whether `close` was called
    #[getter]
    fn closed(&self) -> bool {
        self.sdk.is_closed()
    }

    /// Why flags are broken: dicts of `flag`, `pointer` and `message`
    #[getter]
    fn issues<'py>(&self, py: Python<'py>) -> PyResult<Vec<Any<'py>>> {
        snapshot::issues(py, self.sdk.snapshot().issues())
    }

    /// The environment's key
    #[getter]
    fn environment(&self) -> String {
        self.sdk
            .with_snapshot(|snapshot| snapshot.environment().to_owned())
    }

    /// The environment's revision
    #[getter]
    fn revision(&self) -> u64 {
        self.sdk.with_snapshot(flagstaff::Snapshot::revision)
    }

    /// Calls `callback` with the keys of flags that may have other values, those of `flags` or all; returns a function that removes it
    ///
    /// The callback runs on a daemon thread of this package. Several changes may be merged into one call.
    #[pyo3(signature = (callback, *flags))]
    fn on_change<'py>(
        slf: &Bound<'py, Self>,
        callback: &Any<'py>,
        flags: &Bound<'py, PyTuple>,
    ) -> PyResult<Any<'py>> {
        lifecycle(slf.py())?.call_method1("register", (slf,))?;
        events_module(slf.py())?.call_method1("on_change", (slf, callback, flags))
    }

    /// The keys of changed flags, for `async for`; ends when the client is closed
    #[pyo3(signature = (*flags))]
    fn changes<'py>(slf: &Bound<'py, Self>, flags: &Bound<'py, PyTuple>) -> PyResult<Any<'py>> {
        async_module(slf.py())?.call_method1("changes", (slf, flags))
    }

    /// Calls `callback` with each new status; returns a function that removes the callback
    fn on_status<'py>(slf: &Bound<'py, Self>, callback: &Any<'py>) -> PyResult<Any<'py>> {
        lifecycle(slf.py())?.call_method1("register", (slf,))?;
        events_module(slf.py())?.call_method1("on_status", (slf, callback))
    }

    fn __enter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        Self::start(slf)?;
        Ok(slf.clone())
    }

    fn __exit__(
        slf: &Bound<'_, Self>,
        _type: &Any<'_>,
        _error: &Any<'_>,
        _traceback: &Any<'_>,
    ) -> PyResult<()> {
        Self::close(slf, CLOSE_TIMEOUT).map(drop)
    }

    fn __aenter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Any<'py>> {
        async_module(slf.py())?.call_method1("enter", (slf,))
    }

    fn __aexit__<'py>(
        slf: &Bound<'py, Self>,
        _type: &Any<'py>,
        _error: &Any<'py>,
        _traceback: &Any<'py>,
    ) -> PyResult<Any<'py>> {
        Self::aclose(slf, CLOSE_TIMEOUT)
    }
}
