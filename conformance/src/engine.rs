//! What answers a suite's questions

use std::io;
use std::time::Duration;

/// One logical snapshot and the answers about it, in the protocol of JSON lines: `load`, `evaluate`, `explain`, `evaluateAll`, `bucket`
pub trait Engine {
    /// The answer to one request, both of them one line of JSON; the answer is canonical (RFC 8785)
    ///
    /// A request that cannot be answered is answered by `{"error": "…"}`. An `Err` says that the engine itself has failed.
    fn answer(&mut self, request: &str) -> Result<String, EngineError>;
}

/// Why there is no answer
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The process cannot be started or spoken to
    #[error("the testee `{binding}` cannot be reached: {source}")]
    Io {
        /// Whose process
        binding: &'static str,
        /// Why
        source: io::Error,
    },
    /// The process has ended, or closed its output; what it wrote to its standard error says why
    #[error("the testee `{binding}` has ended")]
    Ended {
        /// Whose process
        binding: &'static str,
    },
    /// The process takes too long
    #[error("the testee `{binding}` has not answered within {patience:?}")]
    Silent {
        /// Whose process
        binding: &'static str,
        /// How long was waited
        patience: Duration,
    },
}
