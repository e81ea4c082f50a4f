//! Rate limits across nodes: each node reports what it has admitted, and reads what all nodes have admitted

use std::time::Duration;

use redis::Script;
use tokio::time::MissedTickBehavior;

use super::{ANSWER, CacheError, Redis, within};
use crate::access::state::AccessState;
use crate::http::rate::RateLimitKey;
use crate::runtime::logging::error_chain;

/// The interval. Between two exchanges callers can exceed a limit by what nodes do not yet know of each other
const SHARE: Duration = Duration::from_millis(200);
/// Rate-limit keys per call, so that one call does not block Redis for long
const BATCH: usize = 1_000;

/// Adds to the usage of rate-limit keys, by Redis's clock, and returns their usage in microseconds. A key expires when its whole budget is
/// free again.
const ADD: &str = "local time = redis.call('TIME') \
     local now = time[1] * 1000000 + time[2] \
     local used = {} \
     for i, key in ipairs(KEYS) do \
         local till = math.max(tonumber(redis.call('GET', key) or 0), now) + ARGV[i] \
         redis.call('SET', key, string.format('%.0f', till), 'PX', math.ceil((till - now) / 1000)) \
         used[i] = till - now \
     end \
     return used";

/// Exchanges usage until the server stops; while Redis is unreachable each node applies its own limits
pub(super) async fn share(redis: &Redis, state: &AccessState) {
    let mut tick = tokio::time::interval(SHARE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let unshared: Vec<_> = state.http.limiter.take_unshared().into_iter().collect();
        for batch in unshared.chunks(BATCH) {
            match redis.add(batch).await {
                Ok(used) => {
                    for ((key, _), used) in batch.iter().zip(used) {
                        state.http.limiter.merge_shared(key, used);
                    }
                }
                Err(error) => {
                    tracing::debug!(error = error_chain(&error), "rate limits were not shared");
                    break;
                }
            }
        }
    }
}

impl Redis {
    async fn add(&self, batch: &[(RateLimitKey, u64)]) -> Result<Vec<u64>, CacheError> {
        let script = Script::new(ADD);
        let mut call = script.prepare_invoke();
        for (key, used) in batch {
            call.key(format!("{}{}", self.rates, key.name()));
            call.arg(used);
        }
        let mut connection = self.connection().await?;
        let answer = within(ANSWER, call.invoke_async(&mut connection)).await;
        self.drop_connection_on_error(answer).await
    }
}
