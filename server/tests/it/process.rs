//! The binary: its output, its keys, its seed, its end

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::postgres::Cluster;
use crate::support::{FLAGS, http};

/// A token with the role admin that a server takes
pub(crate) const ADMIN: &str = "fs_admin_0123456789abcdefghijklmnopqrstuv";

/// The server as a process; killed if a test forgets it
pub(crate) struct Process {
    child: Child,
    stdout: BufReader<ChildStdout>,
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
        Self::spawn("sqlite://flags.db", folder, arguments, variables)
    }

    /// A node on a database
    pub(crate) fn start_on(database: &str, folder: &Path, arguments: &[&str]) -> Self {
        Self::spawn(database, folder, arguments, &[])
    }

    /// A server that may open so many files, `SOFT:HARD`
    pub(crate) fn start_with_descriptors(folder: &Path, limit: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new("prlimit");
        command
            .arg(format!("--nofile={limit}"))
            .arg(env!("CARGO_BIN_EXE_flagstaff"));
        Self::run(command, "sqlite://flags.db", folder, arguments, &[])
    }

    fn spawn(
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

    fn launch(mut command: Command) -> Self {
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
            address,
        }
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
        let kill = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(kill.success());
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        assert!(self.child.wait().unwrap().success(), "{stderr}");
        (stdout, stderr)
    }

    /// Megabytes of memory that it has
    #[cfg(target_os = "linux")]
    pub(crate) fn resident_megabytes(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
        kilobytes.parse::<u64>().unwrap() / 1_000
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> (StatusCode, Value) {
        let response = http()
            .get(format!("{}{path}", self.address))
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        (
            response.status(),
            serde_json::from_str(&response.text().await.unwrap()).unwrap(),
        )
    }
}

fn token(stdout: &str, kind: &str) -> Option<String> {
    stdout
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{kind} key: ")))
        .map(str::to_owned)
}

#[tokio::test]
async fn a_first_start_makes_keys_and_tells_them_once() {
    let folder = tempfile::tempdir().unwrap();
    let (stdout, _) = Process::start(folder.path(), &[]).stop();
    let [admin, server] = ["admin", "server"].map(|kind| token(&stdout, kind).unwrap());
    assert!(
        admin.starts_with("fs_admin_") && admin.len() == 41,
        "{admin}"
    );
    assert!(token(&stdout, "client").is_some() && token(&stdout, "client-local").is_some());

    let own = "a-token-of-my-own-choice";
    let second = Process::start(folder.path(), &["--admin-token", own]);
    for token in [&*admin, own] {
        assert_eq!(
            second.get(FLAGS, token).await.0,
            StatusCode::OK,
            "old tokens stay, given ones are added"
        );
    }
    assert_eq!(
        second.get("/api/v1/sdk/snapshot", &server).await.0,
        StatusCode::OK
    );
    assert_eq!(second.get(FLAGS, "other").await.0, StatusCode::UNAUTHORIZED);
    let (stdout, stderr) = second.stop();
    assert_eq!(
        stdout, "",
        "nothing is told twice, and no given token at all"
    );
    assert!(!stderr.contains(own) && !stderr.contains(&admin));
    let stored = std::fs::read(folder.path().join("flags.db")).unwrap();
    assert!(
        !stored
            .windows(admin.len())
            .any(|window| window == admin.as_bytes()),
        "only hashes are stored"
    );
}

#[tokio::test]
async fn a_seed_fills_every_environment_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let seed = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/flags.json");
    let arguments = ["--admin-token", ADMIN, "--seed", seed];
    let first = Process::start(folder.path(), &arguments);
    for environment in ["production", "staging", "development"] {
        let list = first
            .get(&FLAGS.replace("production", environment), ADMIN)
            .await
            .1;
        assert_eq!(list["total"], 8, "{environment}");
    }
    let url = format!("{}{FLAGS}/wishlist-gallery", first.address);
    http()
        .put(url)
        .bearer_auth(ADMIN)
        .body(json!({"enabled": true, "rolloutPercentage": 40}).to_string())
        .send()
        .await
        .unwrap();
    first.stop();
    let second = Process::start(folder.path(), &arguments);
    let gallery = second
        .get(&format!("{FLAGS}/wishlist-gallery"), ADMIN)
        .await
        .1;
    assert_eq!(
        (
            &gallery["enabled"],
            &gallery["serve"]["rollout"],
            &gallery["version"]
        ),
        (&json!(true), &json!(40), &json!(2))
    );
    second.stop();
}

#[tokio::test]
async fn a_broken_flag_in_a_seed_is_reported_and_takes_nothing_down() {
    let folder = tempfile::tempdir().unwrap();
    let good = json!({"type": "boolean", "enabled": true, "serve": "on"});
    let document = json!({"schemaVersion": 1, "flags": {"good": good, "bad": {"type": "boolean", "enabled": true, "serve": "maybe"}}});
    std::fs::write(folder.path().join("seed.json"), document.to_string()).unwrap();
    let process = Process::start(
        folder.path(),
        &["--admin-token", ADMIN, "--seed", "seed.json"],
    );
    assert_eq!(process.get(FLAGS, ADMIN).await.1["total"], 1);
    let (_, stderr) = process.stop();
    assert!(stderr.contains("seed.json: /flags/bad/serve"), "{stderr}");
}

#[test]
fn what_cannot_be_served_is_said_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("seed.json"), "{").unwrap();
    for (arguments, expected) in [
        (&["--database", "mysql://x"][..], "sqlite:"),
        (&["--seed", "none.json"], "none.json"),
        (&["--seed", "seed.json"], "cannot seed"),
        (
            &["--admin-token", ADMIN, "--server-key", ADMIN],
            "same token",
        ),
        (&["--admin-token", ""], "visible ASCII"),
        (
            &["--admin-token", "a-token-of-23-character"],
            "shorter than 24 characters",
        ),
        (&["--listen", "nowhere"], "--listen"),
        (&["--trusted-proxy", "nobody"], "--trusted-proxy"),
        (&["--jwt-issuer", "i"], "--jwt-audience"),
        (&["--jwt-secret", "s"], "--jwt-issuer"),
        (
            &[
                "--jwt-issuer",
                "i",
                "--jwt-audience",
                "a",
                "--jwt-secret",
                "s",
            ],
            "the secret for tokens is shorter than 32 characters",
        ),
        (
            &[
                "--jwt-issuer",
                "i",
                "--jwt-audience",
                "a",
                "--jwt-jwks-url",
                "http://a.example",
            ],
            "expected the address of the issuer's keys with https",
        ),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flagstaff"));
        command.arg("serve").args(if arguments[0] == "--listen" {
            &[][..]
        } else {
            &["--listen", "127.0.0.1:0"]
        });
        let output = command
            .args(arguments)
            .current_dir(folder.path())
            .env_clear()
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && stderr.contains(expected),
            "{arguments:?}: {stderr}"
        );
        assert!(
            !stderr.contains("a-token-of"),
            "a refused token is not printed: {stderr}"
        );
    }
}

#[test]
fn a_first_start_that_fails_leaves_no_keys_that_nobody_was_told_of() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (listen, stdout) in [(&*taken, "/dev/null"), ("127.0.0.1:0", "/dev/full")] {
        let folder = tempfile::tempdir().unwrap();
        let stdout = std::fs::OpenOptions::new()
            .write(true)
            .open(stdout)
            .unwrap();
        let failed = Command::new(env!("CARGO_BIN_EXE_flagstaff"))
            .args([
                "serve",
                "--listen",
                listen,
                "--database",
                "sqlite://flags.db",
            ])
            .current_dir(folder.path())
            .env_clear()
            .stdout(stdout)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let stderr = String::from_utf8(failed.stderr).unwrap();
        assert!(!failed.status.success(), "{stderr}");
        let (told, _) = Process::start(folder.path(), &[]).stop();
        for kind in ["admin", "server", "client", "client-local"] {
            assert!(token(&told, kind).is_some(), "{kind}: {told}{stderr}");
        }
    }
}

#[tokio::test]
async fn white_space_around_a_secret_is_no_part_of_it() {
    let folder = tempfile::tempdir().unwrap();
    // As a file has it that is mounted as a secret.
    let variables = [
        ("FLAGSTAFF_ADMIN_TOKEN", "an-admin-token-of-24-characters\n"),
        ("FLAGSTAFF_SERVER_KEY", " a-server-key\r\n"),
        ("FLAGSTAFF_REDIS", "redis://127.0.0.1:9\n"),
    ];
    let database = "sqlite://flags.db\n";
    let process = Process::spawn(database, folder.path(), &[], &variables);
    assert_eq!(
        process
            .get(FLAGS, "an-admin-token-of-24-characters")
            .await
            .0,
        StatusCode::OK
    );
    let snapshot = process.get("/api/v1/sdk/snapshot", "a-server-key").await;
    assert_eq!(snapshot.0, StatusCode::OK);
    assert!(folder.path().join("flags.db").exists());
    let output = Command::new(env!("CARGO_BIN_EXE_flagstaff"))
        .args(["token", "list", "--server", &process.address])
        .env_clear()
        .env("FLAGSTAFF_TOKEN", "an-admin-token-of-24-characters\n")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_secret_that_cannot_be_used_is_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    let issuer = ["--jwt-issuer", "i", "--jwt-audience", "a"];
    for (option, variable, value) in [
        ("--admin-token", "FLAGSTAFF_ADMIN_TOKEN", "HIDDEN word"),
        ("--server-key", "FLAGSTAFF_SERVER_KEY", "HIDDEN word"),
        ("--client-key", "FLAGSTAFF_CLIENT_KEY", "HIDDEN\nword"),
        (
            "--client-local-key",
            "FLAGSTAFF_CLIENT_LOCAL_KEY",
            "HIDDEN wörd",
        ),
        ("--jwt-secret", "FLAGSTAFF_JWT_SECRET", "HIDDEN"),
        ("--jwt-secret", "FLAGSTAFF_JWT_SECRET", "HIDDEN word"),
        ("--database", "FLAGSTAFF_DATABASE", "mysql://u:HIDDEN@h/x"),
        ("--database", "FLAGSTAFF_DATABASE", "HIDDEN"),
        (
            "--database",
            "FLAGSTAFF_DATABASE",
            "postgres://u:HIDDEN@[h/x",
        ),
        (
            "--database",
            "FLAGSTAFF_DATABASE",
            "postgres://u:HIDDEN\u{1}@h/x",
        ),
        (
            "--encryption-keys",
            "FLAGSTAFF_ENCRYPTION_KEYS",
            "HIDDEN word",
        ),
        ("--redis", "FLAGSTAFF_REDIS", "http://u:HIDDEN@h"),
        ("--redis", "FLAGSTAFF_REDIS", "redis://u:HIDDEN@[h"),
        ("--redis", "FLAGSTAFF_REDIS", "HIDDEN"),
    ] {
        let serve = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_flagstaff"));
            command
                .args(["serve", "--listen", "127.0.0.1:0"])
                .args(&issuer[..if option == "--jwt-secret" { 4 } else { 0 }])
                .current_dir(folder.path())
                .env_clear();
            command
        };
        let given = serve().args([option, value]).output().unwrap();
        let from_environment = serve().env(variable, value).output().unwrap();
        for output in [given, from_environment] {
            let told = [output.stdout, output.stderr].concat();
            let told = String::from_utf8(told).unwrap();
            assert!(!output.status.success(), "{option} {value:?}: {told}");
            assert!(!told.contains("HIDDEN"), "{option} {value:?}: {told}");
            assert!(!told.is_empty());
        }
    }
    let output = Command::new(env!("CARGO_BIN_EXE_flagstaff"))
        .args(["token", "list", "--token", "HIDDEN word"])
        .env_clear()
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && stderr.contains("--token"),
        "{stderr}"
    );
    assert!(!stderr.contains("HIDDEN"), "{stderr}");
}

#[tokio::test]
async fn why_there_is_no_postgresql_is_said_without_its_password() {
    let address = Cluster::shared().database().await;
    let folder = tempfile::tempdir().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let encoding = "CREATE DATABASE latin ENCODING LATIN1 TEMPLATE template0 LOCALE 'C'";
    Cluster::shared().execute("postgres", encoding).await;
    for (address, expected) in [
        (
            address.replace("secret", "wrongword"),
            "password authentication failed",
        ),
        (address.replace("/test", "/nothing"), "does not exist"),
        (Cluster::shared().address("latin"), "encoding LATIN1"),
        (format!("postgres://u:secret@{nobody}/x"), "refused"),
        (
            "postgres://u:secret@nowhere.invalid/x".to_owned(),
            "cannot be reached",
        ),
        ("postgres://u:secret@127.0.0.1:port/x".to_owned(), "port"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flagstaff"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--database", &address]);
        let output = command.current_dir(&folder).env_clear().output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && stderr.contains("cannot open the database"),
            "{stderr}"
        );
        assert!(stderr.contains(expected), "{expected}: {stderr}");
        assert!(
            !stderr.contains("secret") && !stderr.contains("wrongword"),
            "{stderr}"
        );
    }
}
