//! Programs that tests start, each in a script that ends it when the tests are gone in whatever way

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

/// A running program, kept by a script that ends it when its stdin is closed
pub(crate) struct Service(Mutex<Script>);

struct Script {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Drop for Script {
    fn drop(&mut self) {
        drop(self.commands.take());
        let _ = self.child.wait();
    }
}

impl Service {
    /// Starts a program of scripts/services on a free port; answers it with its port
    pub(crate) fn start(name: &str) -> (Self, u16) {
        // Between looking for a free port and using it somebody else may take it.
        let start = || {
            let port = free_port();
            Some((Script::start(name, port)?, port))
        };
        let (script, port) = std::iter::repeat_with(start)
            .take(3)
            .flatten()
            .next()
            .expect("it does not start: make setup");
        (Self(Mutex::new(script)), port)
    }

    /// Has the script carry out a command
    pub(crate) fn tell(&self, command: &str) {
        let mut script = self.0.lock().unwrap();
        writeln!(script.commands.as_mut().unwrap(), "{command}").unwrap();
        let mut line = String::new();
        script.answers.read_line(&mut line).unwrap();
        assert_eq!(line, "done\n", "{command}");
    }
}

impl Script {
    fn start(name: &str, port: u16) -> Option<Self> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/services");
        let mut child = Command::new("sh")
            .args([format!("{folder}/{name}.sh"), port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        let script = Self {
            commands: child.stdin.take(),
            child,
            answers,
        };
        (line == "up\n").then_some(script)
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
