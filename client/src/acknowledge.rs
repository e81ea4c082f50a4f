//! Tells the server which state is in use, so that it can say whether a change has reached everyone (PR-21)
//!
//! Not at once: ten thousand instances learn of a change at the same moment.

use std::time::Duration;

use flagstaff_core::Value;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::backoff::{jittered, scaled};
use crate::config::Timing;
use crate::source::Source;

/// Within this time of a change the server is told of it, until it has said how long is right
const FIRST_SPREAD: Duration = Duration::from_secs(1);
/// Whatever it says, it is told within this time
const LONGEST_SPREAD: Duration = Duration::from_secs(10);
/// How often a state is told of that the server does not take note of
const ATTEMPTS: u32 = 3;
/// The mean delay between two of them
const RETRY: Duration = Duration::from_secs(5);

/// Acknowledges each state that is put into `in_use`, by its cursor, the newest only; runs until it is dropped
pub(crate) async fn acknowledge<S: Source>(
    source: &S,
    mut in_use: watch::Receiver<Option<String>>,
    timing: &Timing,
    random: fn() -> f64,
) {
    let mut spread = FIRST_SPREAD;
    // An error: there will be no further state.
    while in_use.changed().await.is_ok() {
        sleep(scaled(spread, random().clamp(0.0, 1.0))).await;
        for _ in 0..ATTEMPTS {
            // What came in the meantime is told of at once with it.
            let cursor = in_use.borrow_and_update().clone();
            let Some(cursor) = cursor else { break };
            match source.acknowledge(&cursor).await {
                Ok(next) => {
                    spread = next.unwrap_or(spread).min(LONGEST_SPREAD);
                    break;
                }
                Err(failure) => {
                    log::debug!("a state could not be acknowledged: {failure}");
                    // An older server, which does not know of this, among others.
                    let is_refused = failure.is_refusal();
                    sleep(if is_refused {
                        timing.refused_retry
                    } else {
                        jittered(RETRY, random())
                    })
                    .await;
                }
            }
        }
    }
}

/// What the server's answer says of how long the next acknowledgement is spread
pub(crate) fn spread_of(answer: &str) -> Option<Duration> {
    let answer = Value::from_json(answer).ok()?;
    let Value::Object(members) = answer else {
        return None;
    };
    match members.get("spreadMs")? {
        Value::Number(millis) => Duration::try_from_secs_f64(millis / 1_000.0).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_says_nothing_of_it_changes_nothing() {
        assert_eq!(
            spread_of(r#"{"spreadMs": 1500}"#),
            Some(Duration::from_millis(1_500))
        );
        for answer in [
            "",
            "{}",
            r#"{"spreadMs": -1}"#,
            r#"{"spreadMs": "1"}"#,
            "[1]",
        ] {
            assert_eq!(spread_of(answer), None, "{answer}");
        }
    }
}
