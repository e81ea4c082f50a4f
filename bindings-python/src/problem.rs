//! Why a context is not read as the caller expects

use std::cell::OnceCell;

/// The first problem of a conversion, for a log record or an exception
#[derive(Debug, Default)]
pub(crate) struct Problem(OnceCell<Box<str>>);

impl Problem {
    /// Notes a problem, unless there is an earlier one
    #[cold]
    pub(crate) fn note(&self, text: impl Into<Box<str>>) {
        // An error means that there is an earlier one.
        let _ = self.0.set(text.into());
    }

    pub(crate) fn get(&self) -> Option<&str> {
        self.0.get().map(|text| &**text)
    }
}
