//! Exceptions for clients and documents that are not valid; evaluation raises none

use flagstaff::{ClientError, SnapshotError};
use pyo3::exceptions::{PyException, PyOSError, PyValueError};
use pyo3::{PyErr, create_exception};

create_exception!(
    flagstaff,
    FlagstaffError,
    PyException,
    "The base of this package's exceptions"
);
create_exception!(
    flagstaff,
    ConfigurationError,
    FlagstaffError,
    "A client cannot be made: its URL or its SDK key is not valid"
);
create_exception!(
    flagstaff,
    DocumentError,
    FlagstaffError,
    "A document is refused as a whole"
);
create_exception!(
    flagstaff,
    InvalidContextError,
    FlagstaffError,
    "A `PreparedContext` cannot be made: its targeting key or an attribute has a type that a context cannot have"
);

/// The exception for a client that cannot be created
pub(crate) fn client_error(error: ClientError) -> PyErr {
    match error {
        // Python's own exceptions for files: FileNotFoundError and its siblings, by errno.
        ClientError::File { path, source } => match source.raw_os_error() {
            Some(code) => PyOSError::new_err((code, source.to_string(), path)),
            None => PyValueError::new_err(format!("cannot read `{}`: {source}", path.display())),
        },
        ClientError::Document(error) => document_error(&error),
        error => ConfigurationError::new_err(error.to_string()),
    }
}

/// The exception for a document that is refused
pub(crate) fn document_error(error: &SnapshotError) -> PyErr {
    DocumentError::new_err(error.to_string())
}
