//! A binding as a separate process, started by `conformance/testee`

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use flagstaff_core::Value;

use crate::case::Case;
use crate::engine::{Engine, EngineError};

/// The time limit of a request, including the start of the testee
const PATIENCE: Duration = Duration::from_mins(1);

/// A public surface of Flagstaff that evaluates flags
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Binding {
    /// The core, in a process
    Rust,
    /// The wheel
    Python,
    /// The Node package on its native addon
    Node,
    /// The Node package on WebAssembly, which is also the browser's engine
    NodeWasm,
    /// `POST /api/v1/evaluate` of a real server
    Server,
}

impl Binding {
    /// Every binding; there is no list of exceptions
    pub const ALL: [Self; 5] = [
        Self::Rust,
        Self::Python,
        Self::Node,
        Self::NodeWasm,
        Self::Server,
    ];

    /// Its name for `conformance/testee`
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Node => "node",
            Self::NodeWasm => "node-wasm",
            Self::Server => "server",
        }
    }

    /// Whether it returns slots; the server has no route for them, but its outcomes depend on them
    pub const fn has_buckets(self) -> bool {
        !matches!(self, Self::Server)
    }

    /// Whether it accepts the document of a case
    ///
    /// The server stores values, so it refuses a body with something that is not a value, such as `1e400`; the others parse text.
    pub fn takes(self, case: &Case) -> bool {
        let text = case.document_text.as_deref().unwrap_or("null");
        !matches!(self, Self::Server) || case.refused || serde_json::from_str::<Value>(text).is_ok()
    }
}

/// A running testee; it ends when it is dropped
#[derive(Debug)]
pub struct Testee {
    binding: Binding,
    child: Child,
    // `None` once it is closed, which ends the process.
    input: Option<ChildStdin>,
    output: Receiver<io::Result<String>>,
}

impl Testee {
    /// Starts `conformance/testee BINDING`; `rust_testee` is the built program of [`Binding::Rust`]
    pub fn start(binding: Binding, rust_testee: &Path) -> Result<Self, EngineError> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("testee");
        let failed = |source| EngineError::Io {
            binding: binding.as_str(),
            source,
        };
        let mut child = Command::new(script)
            .arg(binding.as_str())
            .env("FLAGSTAFF_TESTEE", rust_testee)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let input = child.stdin.take();
        let (sender, output) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            // A pipe has no read timeout; the thread ends with the process or with the receiver.
            thread::spawn(move || {
                BufReader::new(stdout)
                    .lines()
                    .try_for_each(|line| sender.send(line))
            });
        }
        Ok(Self {
            binding,
            child,
            input,
            output,
        })
    }

    fn failed(&self, source: io::Error) -> EngineError {
        EngineError::Io {
            binding: self.binding.as_str(),
            source,
        }
    }
}

impl Engine for Testee {
    fn answer(&mut self, request: &str) -> Result<String, EngineError> {
        let binding = self.binding.as_str();
        let Some(input) = &mut self.input else {
            return Err(EngineError::Ended { binding });
        };
        if let Err(source) = input.write_all(format!("{request}\n").as_bytes()) {
            return Err(self.failed(source));
        }
        match self.output.recv_timeout(PATIENCE) {
            Ok(line) => line.map_err(|source| self.failed(source)),
            Err(RecvTimeoutError::Disconnected) => Err(EngineError::Ended { binding }),
            Err(RecvTimeoutError::Timeout) => {
                // A later response would be taken for the response to the next request.
                self.input = None;
                Err(EngineError::Silent {
                    binding,
                    patience: PATIENCE,
                })
            }
        }
    }
}

impl Drop for Testee {
    fn drop(&mut self) {
        self.input = None;
        // Closing its input ends a testee and the processes that it has started; a testee that does not end is killed.
        while let Ok(_late) = self.output.recv_timeout(PATIENCE) {}
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_server_cannot_be_given_what_is_no_value() {
        let case = |text: &str| -> Case {
            serde_json::from_value(serde_json::json!({"name": "n", "documentText": text})).unwrap()
        };

        assert!(Binding::Server.takes(&case("{\"a\": 1e300}")));
        assert!(!Binding::Server.takes(&case("{\"a\": 1e400}")));
        assert!(!Binding::Server.takes(&case("{\"a\": \"\\ud800\"}")));
        assert!(Binding::Python.takes(&case("{\"a\": 1e400}")));
    }
}
