//! The binary as a process

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread::{JoinHandle, spawn};

use super::live::Connection;
use super::request::{Requests, Target};

/// A token with the role admin that a server takes
pub(crate) const ADMIN: &str = "fs_admin_0123456789abcdefghijklmnopqrstuv";

/// The server as a process; killed if a test forgets it
pub(crate) struct Process {
    child: Child,
    stdout: BufReader<ChildStdout>,
    // `None` while nobody reads it.
    log: Option<JoinHandle<String>>,
    pub(crate) address: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        Self::start_with(folder, arguments, &[])
    }

    /// The same with environment variables
    pub(crate) fn start_with(
        folder: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        Self::start_on_with("sqlite://flags.db", folder, arguments, variables)
    }

    /// A node on a database
    pub(crate) fn start_on(database: &str, folder: &Path, arguments: &[&str]) -> Self {
        Self::start_on_with(database, folder, arguments, &[])
    }

    /// A server with just these arguments, `serve` among them
    pub(crate) fn start_as(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = flagstaff(folder, arguments);
        command.envs(variables.iter().copied());
        Self::launch(command)
    }

    /// A server that may open so many files, `SOFT:HARD`
    pub(crate) fn start_with_descriptors(folder: &Path, limit: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new("prlimit");
        command
            .arg(format!("--nofile={limit}"))
            .arg(env!("CARGO_BIN_EXE_flagstaff"));
        Self::run(command, "sqlite://flags.db", folder, arguments, &[])
    }

    /// A node on a database, with environment variables
    pub(crate) fn start_on_with(
        database: &str,
        folder: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let command = Command::new(env!("CARGO_BIN_EXE_flagstaff"));
        Self::run(command, database, folder, arguments, variables)
    }

    fn run(
        mut command: Command,
        database: &str,
        folder: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--database", database])
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .envs(variables.iter().copied());
        Self::launch(command)
    }

    /// A server with its database on a disk of so many KiB, which only it sees, mounted on the folder `disk`; `None` where nobody
    /// may mount one
    pub(crate) fn start_on_small_disk(
        folder: &Path,
        size: u32,
        arguments: &[&str],
    ) -> Option<Self> {
        std::fs::create_dir(folder.join("disk")).unwrap();
        let mount = format!("mount -t tmpfs -o size={size}k none disk");
        // The mount goes with the process: it is in a namespace of its own, and each program takes the place of the one before.
        let in_namespace = |script: String| {
            let mut command = Command::new("unshare");
            command
                .args(["-m", "sh", "-c", &script, env!("CARGO_BIN_EXE_flagstaff")])
                .current_dir(folder)
                .env_clear()
                .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
            command
        };
        let can_mount = in_namespace(mount.clone()).output();
        if !can_mount.is_ok_and(|output| output.status.success()) {
            let _ = writeln!(std::io::stderr(), "skipped: nobody may mount a disk here");
            return None;
        }
        let mut command = in_namespace(format!("{mount} && exec \"$0\" serve \"$@\""));
        command
            .args(["--listen", "127.0.0.1:0"])
            .args(["--database", "sqlite://disk/flags.db"])
            .args(arguments);
        Some(Self::launch(command))
    }

    /// A server whose log nobody reads before [`Process::read_log`]
    pub(crate) fn start_unread(folder: &Path, arguments: &[&str]) -> Self {
        let listen = ["serve", "--listen", "127.0.0.1:0"];
        Self::launch_unread(flagstaff(folder, &[&listen, arguments].concat()))
    }

    fn launch(command: Command) -> Self {
        let mut process = Self::launch_unread(command);
        process.read_log();
        process
    }

    fn launch_unread(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("{line}"))
            .to_owned();
        Self {
            child,
            stdout,
            log: None,
            address,
        }
    }

    /// Reads the log as it is written, from now on
    pub(crate) fn read_log(&mut self) {
        let Some(mut stderr) = self.child.stderr.take() else {
            return;
        };
        self.log = Some(spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).unwrap();
            log
        }));
    }

    /// The files that it has open
    pub(crate) fn descriptors(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.id());
        std::fs::read_dir(folder).unwrap().count()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it without a chance to tidy up
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop as an operator does; answers the rest of stdout, and stderr
    pub(crate) fn stop(mut self) -> (String, String) {
        self.terminate();
        self.read_log();
        let mut stdout = String::new();
        self.stdout.read_to_string(&mut stdout).unwrap();
        let stderr = self.log.take().unwrap().join().unwrap();
        assert!(self.child.wait().unwrap().success(), "{stderr}");
        (stdout, stderr)
    }

    /// The same, and nobody reads what it prints until it has ended
    pub(crate) fn stop_unread(mut self) {
        self.terminate();
        assert!(self.child.wait().unwrap().success());
    }

    fn terminate(&self) {
        let kill = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(kill.success());
    }

    /// Opens a stream, which begins after a cursor
    pub(crate) async fn connect(&self, token: &str, cursor: Option<&str>) -> Connection {
        Connection::open(&self.address, token, cursor).await
    }

    /// Megabytes of memory that it has
    #[cfg(target_os = "linux")]
    pub(crate) fn resident_megabytes(&self) -> u64 {
        self.megabytes("VmRSS:")
    }

    /// The most megabytes of memory that it has had
    #[cfg(target_os = "linux")]
    pub(crate) fn peak_megabytes(&self) -> u64 {
        self.megabytes("VmHWM:")
    }

    #[cfg(target_os = "linux")]
    fn megabytes(&self, field: &str) -> u64 {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
        kilobytes.parse::<u64>().unwrap() / 1_000
    }
}

impl Requests for Process {
    fn target(&self) -> Target {
        Target::Address(self.address.clone())
    }

    fn default_token(&self) -> String {
        ADMIN.to_owned()
    }
}

/// What a command printed, and its status
pub(crate) struct Printed {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: i32,
}

/// The command `flagstaff` in a folder, without the environment of the tests
pub(crate) fn flagstaff(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flagstaff"));
    command.args(arguments).current_dir(folder).env_clear();
    command
}

/// Runs a command to its end
pub(crate) fn printed(mut command: Command) -> Printed {
    command.output().unwrap().into()
}

impl From<Output> for Printed {
    fn from(output: Output) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            status: output.status.code().unwrap(),
        }
    }
}

/// Why a server does not start
pub(crate) fn refusal(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let is_given = arguments.contains(&"--listen");
    let listen = ["--listen", "127.0.0.1:0"];
    let listen = &listen[..if is_given { 0 } else { 2 }];
    let mut command = flagstaff(folder, &[&["serve"], listen, arguments].concat());
    command.envs(variables.iter().copied());
    let printed = printed(command);
    assert_ne!(printed.status, 0, "{}", printed.stderr);
    assert_eq!(printed.stdout, "");
    printed.stderr
}

impl Printed {
    /// Expects status 0 and no message, and returns what was printed
    #[track_caller]
    pub(crate) fn expect_success(self) -> String {
        assert_eq!((self.status, &*self.stderr), (0, ""), "{}", self.stdout);
        self.stdout
    }

    /// Expects status 2 and a message with this text
    #[track_caller]
    pub(crate) fn expect_failure(self, message: &str) {
        let Self { stderr, .. } = self;
        assert_eq!(self.status, 2, "{}{stderr}", self.stdout);
        assert!(stderr.contains(message), "{message}: {stderr}");
    }
}

/// A log without its colours
pub(crate) fn plain(log: &str) -> String {
    let mut pieces = log.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        text + piece.split_once('m').map_or("", |(_, rest)| rest)
    })
}
