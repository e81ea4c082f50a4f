//! Work that takes long, as parsing and compiling a large document: done away from the threads on which all requests take turns

/// The work did not end: the process does
#[derive(Debug, thiserror::Error)]
#[error("the work was cut short")]
pub(crate) struct Ended(#[from] tokio::task::JoinError);

/// Does `work` on a thread of its own
pub(crate) async fn offload<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Ended> {
    Ok(tokio::task::spawn_blocking(work).await?)
}

/// Drops what takes long to drop, as a large document, on a thread of its own
pub(crate) fn discard<T: Send + 'static>(value: T) {
    drop(tokio::task::spawn_blocking(move || drop(value)));
}
