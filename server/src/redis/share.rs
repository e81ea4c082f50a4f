//! Rate limits over all nodes: each tells what it let through, and is told what all of them have

use std::time::Duration;

use redis::Script;
use tokio::time::MissedTickBehavior;

use super::{ANSWER, CacheError, Redis, within};
use crate::api_error::chain;
use crate::rate::Account;
use crate::state::AppState;

/// How often; what nodes do not know of each other yet is what can be had beyond a limit
const SHARE: Duration = Duration::from_millis(200);
/// Accounts at a time, so that Redis is not kept from others for long
const BATCH: usize = 1_000;

/// Adds to what accounts have used, by Redis's own clock, and answers what they have used then, all in microseconds. An account goes
/// when it has got everything back.
const ADD: &str = "local time = redis.call('TIME') \
     local now = time[1] * 1000000 + time[2] \
     local used = {} \
     for i, key in ipairs(KEYS) do \
         local till = math.max(tonumber(redis.call('GET', key) or 0), now) + ARGV[i] \
         redis.call('SET', key, string.format('%.0f', till), 'PX', math.ceil((till - now) / 1000)) \
         used[i] = till - now \
     end \
     return used";

/// Tells and learns, for as long as the server runs; while Redis is down each node's limits are its own
pub(super) async fn share(redis: &Redis, state: &AppState) {
    let mut tick = tokio::time::interval(SHARE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let untold: Vec<_> = state.limiter().take_untold().into_iter().collect();
        for batch in untold.chunks(BATCH) {
            match redis.add(batch).await {
                Ok(used) => {
                    for ((account, _), used) in batch.iter().zip(used) {
                        state.limiter().learn(account, used);
                    }
                }
                Err(error) => {
                    tracing::debug!(error = chain(&error), "rate limits were not shared");
                    break;
                }
            }
        }
    }
}

impl Redis {
    async fn add(&self, batch: &[(Account, u64)]) -> Result<Vec<u64>, CacheError> {
        let script = Script::new(ADD);
        let mut call = script.prepare_invoke();
        for (account, used) in batch {
            call.key(format!("{}{}", self.rates, account.name()));
            call.arg(used);
        }
        let mut connection = self.connection().await?;
        let answer = within(ANSWER, call.invoke_async(&mut connection)).await;
        self.note(answer).await
    }
}
