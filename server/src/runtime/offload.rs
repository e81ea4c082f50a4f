//! Runs long work, such as parsing and compiling a large document, on blocking threads instead of those that serve requests
//!
//! All such work goes through here, so that its amount is bounded. Who may ask for large responses is decided earlier
//! ([`crate::http::bounded::Turns`]), and what several callers wait for is rendered once ([`crate::engine::published`]).

use std::sync::LazyLock;

use tokio::sync::Semaphore;

/// Blocking threads per processor; some of the work waits for a lock or for memory
const THREADS_PER_PROCESSOR: usize = 4;

static PERMITS: LazyLock<Semaphore> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    Semaphore::new(processors.saturating_mul(THREADS_PER_PROCESSOR))
});

/// The process stopped before the work ended
#[derive(Debug, thiserror::Error)]
#[error("the work was cut short")]
pub(crate) struct Ended(#[from] tokio::task::JoinError);

/// Runs `work` on a blocking thread as soon as one is free; it runs to its end even if nobody waits for the result
pub(crate) async fn offload<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Ended> {
    // The semaphore is never closed.
    let permit = PERMITS.acquire().await.ok();
    let work = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(permit);
        done
    });
    Ok(work.await?)
}

/// Drops a value that takes long to drop, such as a large document, on a blocking thread
pub(crate) fn discard<T: Send + 'static>(value: T) {
    drop(tokio::spawn(offload(move || drop(value))));
}
