//! Waiting for what happens soon, and for no longer

use std::time::Duration;

/// Nothing in a test takes so long; a test that waits in vain fails after it
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The result of work that ends in time
pub(crate) async fn in_time<T>(work: impl Future<Output = T>) -> T {
    let result = tokio::time::timeout(PATIENCE, work).await;
    result.expect("it takes too long")
}

/// Asks again and again until something is so
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.unwrap_or_else(|_| panic!("waited in vain until {what}"));
}

/// The results of work that is done at the same time, each piece as a task of its own
pub(crate) async fn simultaneously<F>(work: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let tasks: Vec<_> = work.into_iter().map(tokio::spawn).collect();
    let results = futures_util::future::join_all(tasks).await;
    results.into_iter().map(Result::unwrap).collect()
}
