//! The client as Python sees it

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use flagstaff::{Readiness, ValueType};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::context;
use crate::details::FlagDetails;
use crate::error::client_error;
use crate::news;
use crate::snapshot;

/// How long Ctrl-C may have to wait
const SLICE: Duration = Duration::from_millis(50);

mod answer;
mod settings;

type Any<'py> = Bound<'py, PyAny>;

static CLIENTS: AtomicU64 = AtomicU64::new(0);

/// Evaluates flags in this process, and keeps them fresh
#[pyclass(module = "flagstaff", frozen, weakref)]
#[derive(Debug)]
pub(crate) struct Client {
    sdk: flagstaff::Client,
    // Names the client in the news; no two of a process share it.
    #[pyo3(get, name = "_id")]
    id: u64,
    // A fork has ended the thread that carries news.
    is_alone: AtomicBool,
}

impl Client {
    fn of(id: u64, client: Result<flagstaff::Client, flagstaff::ClientError>) -> PyResult<Self> {
        let is_alone = AtomicBool::new(false);
        client
            .map(|sdk| Self { sdk, id, is_alone })
            .map_err(client_error)
    }

    /// In the child of a fork, starts the thread that carries news anew
    fn wake(&self, py: Python<'_>) -> PyResult<()> {
        if self.is_alone.load(Ordering::Relaxed) && self.is_alone.swap(false, Ordering::AcqRel) {
            attendant(py)?.call_method0("ensure")?;
        }
        Ok(())
    }
}

fn next_id() -> u64 {
    CLIENTS.fetch_add(1, Ordering::Relaxed)
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (url, key, *, bootstrap = None, timing = None, usage = true))]
    fn new(
        url: &str,
        key: &str,
        bootstrap: Option<&Any<'_>>,
        timing: Option<&Bound<'_, PyDict>>,
        usage: bool,
    ) -> PyResult<Self> {
        let id = next_id();
        let mut builder = flagstaff::Client::builder(url, key)
            .observer(move |change| news::tell(id, change))
            .sdk("flagstaff-python", env!("CARGO_PKG_VERSION"))
            .usage(usage);
        if let Some(document) = bootstrap {
            builder = builder.bootstrap(settings::document_text(document)?);
        }
        if let Some(timing) = timing {
            builder = builder.timing(settings::read_timing(timing)?);
        }
        Self::of(id, builder.build())
    }

    /// An offline client of the document in a file; broken flags are in `issues` and take no other down
    #[staticmethod]
    fn from_file(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let client = py.detach(|| flagstaff::Client::from_file(path));
        Self::of(next_id(), client)
    }

    /// An offline client of a document: JSON text, or a dict
    #[staticmethod]
    fn from_document(document: &Any<'_>) -> PyResult<Self> {
        let text = settings::document_text(document)?;
        let client = document
            .py()
            .detach(|| flagstaff::Client::from_document(&text));
        Self::of(next_id(), client)
    }

    /// Begins to receive flags, on a thread of the client's own; does nothing if that has begun
    fn start(slf: &Bound<'_, Self>) -> PyResult<()> {
        attendant(slf.py())?.call_method1("attend", (slf,))?;
        slf.get().sdk.start();
        Ok(())
    }

    /// Waits until the client is ready, at most for `timeout` seconds (`float("inf")`: for ever); starts it if need be
    ///
    /// Answers `"READY"`, `"STALE"` (the flags are the last known ones), `"TIMED_OUT"` (still trying) or `"FAILED"` (the server refuses
    /// the key). Whatever it answers, the client goes on trying, and getters work.
    #[pyo3(signature = (timeout = 5.0))]
    fn ready(slf: &Bound<'_, Self>, timeout: f64) -> PyResult<&'static str> {
        let (began, timeout) = (Instant::now(), settings::duration("timeout", timeout)?);
        Self::start(slf)?;
        let py = slf.py();
        let client = &slf.get().sdk;
        loop {
            let left = timeout.saturating_sub(began.elapsed());
            let readiness: Readiness = py.detach(|| client.ready(left.min(SLICE)));
            if left.is_zero() || client.readiness().is_some() {
                return Ok(client.readiness().unwrap_or(readiness).as_str());
            }
            py.check_signals()?;
        }
    }

    /// How fresh the flags are: `"NOT_READY"`, `"READY"`, `"STALE"` or `"FAILED"`
    #[getter]
    fn status(&self) -> &'static str {
        self.sdk.status().as_str()
    }

    /// What is wrong with the flags that are broken: dicts of `flag`, `pointer` and `message`
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

    /// Calls `callback` with the keys of flags that may answer otherwise; answers a function that ends this
    ///
    /// On a daemon thread of this package's. Several changes may come as one.
    fn on_change<'py>(slf: &Bound<'py, Self>, callback: &Any<'py>) -> PyResult<Any<'py>> {
        attendant(slf.py())?.call_method1("on_change", (slf, callback))
    }

    /// Calls `callback` with each new status; answers a function that ends this
    fn on_status<'py>(slf: &Bound<'py, Self>, callback: &Any<'py>) -> PyResult<Any<'py>> {
        attendant(slf.py())?.call_method1("on_status", (slf, callback))
    }

    /// Ends the background work for good; flags keep their last values. May be repeated
    fn close(&self) {
        self.sdk.close();
    }

    fn __enter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        Self::start(slf)?;
        Ok(slf.clone())
    }

    fn __exit__(&self, _type: &Any<'_>, _error: &Any<'_>, _traceback: &Any<'_>) {
        self.close();
    }

    fn __repr__(&self) -> String {
        format!("<flagstaff.Client {}>", self.status())
    }

    fn _after_fork(&self) {
        self.sdk.after_fork();
        self.is_alone.store(true, Ordering::Release);
    }

    /// A boolean flag's value, or `default`
    #[pyo3(signature = (flag, default, context = None))]
    fn get_boolean_value<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        self.value((flag, default, context), ValueType::Boolean)
    }

    /// A string flag's value, or `default`
    #[pyo3(signature = (flag, default, context = None))]
    fn get_string_value<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        self.value((flag, default, context), ValueType::String)
    }

    /// The value of a number flag that is an integer, or `default`
    #[pyo3(signature = (flag, default, context = None))]
    fn get_integer_value<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        self.value((flag, default, context), ValueType::Integer)
    }

    /// A number flag's value, as a float, or `default`
    #[pyo3(signature = (flag, default, context = None))]
    fn get_float_value<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        self.value((flag, default, context), ValueType::Number)
    }

    /// An object flag's value, a fresh copy, or `default`
    #[pyo3(signature = (flag, default, context = None))]
    fn get_object_value<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<Any<'py>> {
        self.value((flag, default, context), ValueType::Object)
    }

    /// A boolean flag's value, or `default`, with its circumstances
    #[pyo3(signature = (flag, default, context = None))]
    fn get_boolean_details<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<FlagDetails> {
        self.details((flag, default, context), ValueType::Boolean)
    }

    /// A string flag's value, or `default`, with its circumstances
    #[pyo3(signature = (flag, default, context = None))]
    fn get_string_details<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<FlagDetails> {
        self.details((flag, default, context), ValueType::String)
    }

    /// The value of a number flag that is an integer, or `default`, with its circumstances
    #[pyo3(signature = (flag, default, context = None))]
    fn get_integer_details<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<FlagDetails> {
        self.details((flag, default, context), ValueType::Integer)
    }

    /// A number flag's value, as a float, or `default`, with its circumstances
    #[pyo3(signature = (flag, default, context = None))]
    fn get_float_details<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<FlagDetails> {
        self.details((flag, default, context), ValueType::Number)
    }

    /// An object flag's value, a fresh copy, or `default`, with its circumstances
    #[pyo3(signature = (flag, default, context = None))]
    fn get_object_details<'py>(
        &self,
        flag: &Any<'py>,
        default: Any<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<FlagDetails> {
        self.details((flag, default, context), ValueType::Object)
    }

    /// Every flag's details by key; a broken flag's value is `None`
    #[pyo3(signature = (context = None))]
    fn evaluate_all<'py>(
        &self,
        py: Python<'py>,
        context: Option<&Any<'py>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        self.wake(py)?;
        let evaluate = |context: &_| py.detach(|| self.sdk.evaluate_all(context));
        let all = PyDict::new(py);
        for details in context::with_own(context, evaluate) {
            let key = PyString::new(py, &details.flag_key);
            all.set_item(&key, FlagDetails::served(key.clone(), details))?;
        }
        Ok(all)
    }
}

/// The module whose thread carries the news
fn attendant(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import("flagstaff._news")
}
