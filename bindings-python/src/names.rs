//! The names of attributes as Python's strings
//!
//! A string that Python has hashed once finds its entry of a dict without being made or hashed again.

use std::cell::RefCell;

use flagstaff::AttributePath;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;

/// How many names a thread keeps, each in the place that a byte of its hash says; of two that want one place the later has it
const PLACES: usize = 256;

struct Name {
    text: Box<str>,
    string: Py<PyString>,
}

thread_local! {
    static NAMES: RefCell<Vec<Option<Name>>> = const { RefCell::new(Vec::new()) };
}

// Not `intern!`, which makes its string at the first call: a thread that is about to would leave it locked in the child of a fork.
static TARGETING_KEY: PyOnceLock<Py<PyString>> = PyOnceLock::new();

/// `targetingKey`; made when the module is imported, before there is a client to be asked or a thread to fork beside
pub(crate) fn targeting_key(py: Python<'_>) -> &Bound<'_, PyString> {
    let make = || PyString::intern(py, "targetingKey").unbind();
    TARGETING_KEY.get_or_init(py, make).bind(py)
}

/// The first name of a path
pub(crate) fn first<'py>(py: Python<'py>, path: &AttributePath) -> Option<Bound<'py, PyString>> {
    let text = path.segments().first()?;
    let place = usize::try_from(path.first_hash() & u64::from(u8::MAX)).ok()?;
    let kept = NAMES.try_with(|names| {
        let mut names = names.borrow_mut();
        if names.is_empty() {
            names.resize_with(PLACES, || None);
        }
        let name = names.get_mut(place)?;
        match name {
            Some(name) if name.text == *text => Some(name.string.bind(py).clone()),
            _ => {
                let string = PyString::intern(py, text);
                *name = Some(Name {
                    text: text.clone(),
                    string: string.clone().unbind(),
                });
                Some(string)
            }
        }
    });
    // A thread that is ending keeps none.
    Some(
        kept.ok()
            .flatten()
            .unwrap_or_else(|| PyString::new(py, text)),
    )
}
