//! The interface of an engine that evaluates the cases

use std::io;
use std::time::Duration;

/// The current snapshot and the responses about it, in the protocol of JSON lines: `load`, `evaluate`, `explain`, `evaluateAll`, `bucket`
pub trait Engine {
    /// The response to one request, both of them one line of JSON; the response is canonical (RFC 8785)
    ///
    /// The response to a request that fails is `{"error": "…"}`. An `Err` means that the engine itself failed.
    fn answer(&mut self, request: &str) -> Result<String, EngineError>;
}

/// An engine failed to respond
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The process cannot be started, or its pipes failed
    #[error("the testee `{binding}` cannot be reached: {source}")]
    Io {
        /// The binding of the process
        binding: &'static str,
        /// The cause
        source: io::Error,
    },
    /// The process ended or closed its output; its standard error has the cause
    #[error("the testee `{binding}` has ended")]
    Ended {
        /// The binding of the process
        binding: &'static str,
    },
    /// The process takes too long
    #[error("the testee `{binding}` has not responded within {patience:?}")]
    Silent {
        /// The binding of the process
        binding: &'static str,
        /// The time limit
        patience: Duration,
    },
}
