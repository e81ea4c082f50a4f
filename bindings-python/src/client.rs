//! The Python class `Client`

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use flagstaff::Timing;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySet};

use crate::context;
use crate::error::client_error;
use crate::events;

pub(crate) mod careful;
mod evaluation;
pub(crate) mod flags;
mod getters;
mod lifecycle;
mod options;

type Any<'py> = Bound<'py, PyAny>;

static CLIENTS: AtomicU64 = AtomicU64::new(0);

/// Evaluates flags in this process, and keeps them up to date
#[pyclass(module = "flagstaff", frozen, weakref)]
#[derive(Debug)]
pub(crate) struct Client {
    sdk: flagstaff::Client,
    // Identifies the client in events; unique within the process.
    #[pyo3(get, name = "_id")]
    id: u64,
    // Whether this is the child process of a fork, which has not started the event thread yet.
    needs_event_thread: AtomicBool,
    // Whether getters have to do more than to evaluate, apart from contexts and overrides of a scope.
    is_careful: AtomicBool,
    options: Options,
    // Flags and causes that were logged.
    warned: Py<PySet>,
}

/// The options that only Python has
#[derive(Debug, Default)]
struct Options {
    default_context: Option<Py<PyDict>>,
    on_evaluation: Option<Py<PyAny>>,
    on_track: Option<Py<PyAny>>,
}

impl Options {
    fn needs_care(&self) -> bool {
        self.default_context.is_some() || self.on_evaluation.is_some()
    }
}

impl Client {
    fn of(
        py: Python<'_>,
        id: u64,
        client: Result<flagstaff::Client, flagstaff::ClientError>,
        options: Options,
    ) -> PyResult<Self> {
        Ok(Self {
            sdk: client.map_err(client_error)?,
            id,
            needs_event_thread: AtomicBool::new(false),
            is_careful: AtomicBool::new(options.needs_care()),
            options,
            warned: PySet::empty(py)?.unbind(),
        })
    }
}

fn next_id() -> u64 {
    CLIENTS.fetch_add(1, Ordering::Relaxed)
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (
        url = None,
        key = None,
        *,
        mode = "stream",
        poll_interval = None,
        bootstrap = None,
        cache = None,
        ca_bundle = None,
        default_context = None,
        usage = true,
        timing = None,
        targeting_key_attribute = None,
        on_evaluation = None,
        on_track = None,
    ))]
    #[expect(clippy::too_many_arguments, reason = "the options of a client")]
    fn new(
        py: Python<'_>,
        url: Option<String>,
        key: Option<String>,
        mode: &str,
        poll_interval: Option<f64>,
        bootstrap: Option<&Any<'_>>,
        cache: Option<PathBuf>,
        ca_bundle: Option<PathBuf>,
        default_context: Option<&Any<'_>>,
        usage: bool,
        timing: Option<&Bound<'_, PyDict>>,
        targeting_key_attribute: Option<String>,
        on_evaluation: Option<Any<'_>>,
        on_track: Option<Any<'_>>,
    ) -> PyResult<Self> {
        let id = next_id();
        let (url, key) = (
            options::or_environment(url, "url", "FLAGSTAFF_URL")?,
            options::or_environment(key, "key", "FLAGSTAFF_KEY")?,
        );
        let mut builder = flagstaff::Client::builder(url, key)
            .on_change(move |change| events::put_change(id, change))
            .sdk("flagstaff-python", env!("CARGO_PKG_VERSION"))
            .usage(usage);
        if let Some(document) = bootstrap {
            builder = builder.bootstrap(options::document_text(document)?);
        }
        let mut delays = timing.map_or_else(|| Ok(Timing::default()), options::read_timing)?;
        if let Some(interval) = poll_interval {
            delays.poll_interval = options::delay("poll_interval", interval)?;
        }
        builder = builder.mode(options::update_mode(mode)?).timing(delays);
        if let Some(path) = cache {
            builder = builder.cache(path);
        }
        if let Some(attribute) = targeting_key_attribute {
            builder = builder.targeting_key_attribute(attribute);
        }
        if let Some(path) = ca_bundle {
            builder = builder.ca_bundle(path);
        }
        let options = Options {
            default_context: default_context.map(context::new_dict).transpose()?,
            on_evaluation: options::callback("on_evaluation", on_evaluation)?,
            on_track: options::callback("on_track", on_track)?,
        };
        // A document of a few megabytes takes a while to read.
        let client = py.detach(|| builder.build());
        Self::of(py, id, client, options)
    }

    /// A client of the document in a file, without a server; with `watch` the file is read again when it changes
    #[staticmethod]
    #[pyo3(signature = (path, *, watch = false))]
    fn from_file(py: Python<'_>, path: PathBuf, watch: bool) -> PyResult<Bound<'_, Self>> {
        let id = next_id();
        let client = py.detach(|| {
            if watch {
                flagstaff::Client::watch_file(path, move |change| events::put_change(id, change))
            } else {
                flagstaff::Client::from_file(path)
            }
        });
        let client = Bound::new(py, Self::of(py, id, client, Options::default())?)?;
        if watch {
            Self::start(&client)?;
        }
        Ok(client)
    }

    /// An offline client of a document: JSON text, or a dict
    #[staticmethod]
    fn from_document(py: Python<'_>, document: &Any<'_>) -> PyResult<Self> {
        let text = options::document_text(document)?;
        let client = py.detach(|| flagstaff::Client::from_document(&text));
        Self::of(py, next_id(), client, Options::default())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.options.default_context)?;
        visit.call(&self.options.on_evaluation)?;
        visit.call(&self.options.on_track)
    }

    fn __repr__(&self) -> String {
        format!("<flagstaff.Client {}>", self.sdk.status())
    }

    fn _after_fork(&self) {
        self.sdk.after_fork();
        self.needs_event_thread.store(true, Ordering::Release);
        self.is_careful.store(true, Ordering::Release);
    }
}

/// The module of the methods for asyncio
fn async_module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import("flagstaff._async")
}

/// The module that starts and ends clients
fn lifecycle(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import("flagstaff._lifecycle")
}

/// The module that delivers events
fn events_module(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import("flagstaff._events")
}
