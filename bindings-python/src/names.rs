//! The names of attributes as Python strings
//!
//! A look-up in a dict is faster with a string that exists already and has been hashed.

use std::cell::RefCell;

use flagstaff::AttributePath;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;

/// The names that a thread caches, each in the cell of its hash's lowest byte; a later one replaces an earlier one of the same cell
const CELLS: usize = 256;

struct Name {
    text: Box<str>,
    string: Py<PyString>,
}

thread_local! {
    static NAMES: RefCell<Vec<Option<Name>>> = const { RefCell::new(Vec::new()) };
}

// Not `intern!`, which makes the string at the first call: a fork during that call would leave a lock in the child process.
static TARGETING_KEY: PyOnceLock<Py<PyString>> = PyOnceLock::new();

/// `targetingKey`; made when the module is imported, before there is a client or a thread
pub(crate) fn targeting_key(py: Python<'_>) -> &Bound<'_, PyString> {
    let make = || PyString::intern(py, "targetingKey").unbind();
    TARGETING_KEY.get_or_init(py, make).bind(py)
}

/// The first name of a path
pub(crate) fn first<'py>(py: Python<'py>, path: &AttributePath) -> Option<Bound<'py, PyString>> {
    let text = path.segments().first()?;
    let index = usize::try_from(path.first_hash() & u64::from(u8::MAX)).ok()?;
    let cached = NAMES.try_with(|names| {
        let mut names = names.borrow_mut();
        if names.is_empty() {
            names.resize_with(CELLS, || None);
        }
        let name = names.get_mut(index)?;
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
    // A thread that is ending has no cache.
    Some(
        cached
            .ok()
            .flatten()
            .unwrap_or_else(|| PyString::new(py, text)),
    )
}
