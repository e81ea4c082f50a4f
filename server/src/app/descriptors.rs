//! The limit of open files, of which every connection needs one

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::runtime::logging::error_chain;

/// Raises the soft limit to the hard limit and logs both; returns the limit, `None` if there is none
///
/// Many systems start processes with a soft limit of 1,024, for programs that use `select`, and leave it to servers to raise it.
pub(crate) fn raise_limit() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        tracing::info!(limit = name(current), "limit of open files");
        return current;
    }
    let wanted = Rlimit {
        current: maximum,
        maximum,
    };
    match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => {
            tracing::info!(
                before = name(current),
                limit = name(maximum),
                "limit of open files raised"
            );
            maximum
        }
        Err(error) => {
            tracing::warn!(
                error = error_chain(&error),
                limit = name(current),
                "the limit of open files cannot be raised"
            );
            current
        }
    }
}

fn name(limit: Option<u64>) -> String {
    limit.map_or("none".to_owned(), |limit| limit.to_string())
}
