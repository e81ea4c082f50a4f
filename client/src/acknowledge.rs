//! Acknowledges which state is in use, so that the server knows whether a change has reached everyone (PR-21)
//!
//! Acknowledgements are delayed at random: ten thousand instances receive a change at the same moment.

use tokio::sync::watch;
use tokio::time::sleep;

use crate::backoff::{jittered, refused_delay, scaled};
use crate::source::Source;
use crate::timing::{
    ACKNOWLEDGE_JITTER, ACKNOWLEDGE_RETRY, FIRST_ACKNOWLEDGE_SPREAD, MAX_ACKNOWLEDGE_ATTEMPTS,
    MAX_ACKNOWLEDGE_SPREAD, Timing,
};

/// Acknowledges each state that is put into `in_use`, by its cursor and the newest only; runs until it is dropped
pub(crate) async fn acknowledge<S: Source>(
    source: &S,
    mut in_use: watch::Receiver<Option<String>>,
    timing: &Timing,
    random: fn() -> f64,
) {
    let mut spread = FIRST_ACKNOWLEDGE_SPREAD;
    // An error means that the sender was dropped.
    while in_use.changed().await.is_ok() {
        sleep(scaled(spread, random().clamp(0.0, 1.0))).await;
        for _ in 0..MAX_ACKNOWLEDGE_ATTEMPTS {
            // States that came in the meantime are acknowledged with it.
            let cursor = in_use.borrow_and_update().clone();
            let Some(cursor) = cursor else { break };
            match source.acknowledge(&cursor).await {
                Ok(next) => {
                    spread = next.unwrap_or(spread).min(MAX_ACKNOWLEDGE_SPREAD);
                    break;
                }
                Err(error) => {
                    log::debug!("could not acknowledge a state: {error}");
                    // Also servers that do not know this route refuse it.
                    let delay = if error.is_refusal() {
                        refused_delay(timing, random())
                    } else {
                        jittered(ACKNOWLEDGE_RETRY, ACKNOWLEDGE_JITTER, random())
                    };
                    sleep(delay).await;
                }
            }
        }
    }
}
