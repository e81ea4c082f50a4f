//! The state that all requests share: limits of rates and memory, and metrics

use std::sync::Arc;

use crate::http::base_path::BasePath;
use crate::http::bounded::Turns;
use crate::http::budget::Budget;
use crate::http::client_address::Proxies;
use crate::http::rate::{RateLimiter, Rates};
use crate::metrics::Metrics;
use crate::runtime::clock::Clock;

/// The state that all requests share
#[derive(Debug)]
pub(crate) struct HttpState {
    pub(crate) limiter: RateLimiter,
    pub(crate) turns: Turns,
    pub(crate) budget: Budget,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) proxies: Proxies,
    pub(crate) base_path: BasePath,
}

impl HttpState {
    pub(crate) fn new(
        (rates, clock): (Rates, Clock),
        held_bytes: usize,
        (proxies, base_path): (Proxies, BasePath),
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            limiter: RateLimiter::new(rates, clock),
            turns: Turns::new(),
            budget: Budget::new(held_bytes),
            metrics,
            proxies,
            base_path,
        }
    }
}
