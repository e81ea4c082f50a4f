//! The server as a process: its output, first keys, seeds and wrong configurations

mod log;

use std::net::TcpListener;
use std::process::Stdio;

use serde_json::json;

use crate::support::{
    ADMIN, Cluster, FLAGS, Printed, Process, Requests as _, flagstaff, printed, refusal,
};

fn token(stdout: &str, kind: &str) -> Option<String> {
    stdout
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{kind} key: ")))
        .map(str::to_owned)
}

#[tokio::test]
async fn a_first_start_creates_keys_and_prints_them_once() {
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
    // Old tokens stay, given ones are added.
    for token in [&*admin, own] {
        second.get("flags").token(token).await.expect(200);
    }
    second.snapshot(&server).await;
    second.get("flags").token("other").await.expect(401);
    let (stdout, stderr) = second.stop();
    assert_eq!(
        stdout, "",
        "nothing is printed twice, and no given token at all"
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
        let path = FLAGS.replace("production", environment);
        let list = first.get(&path).await;
        assert_eq!(list["total"], 8, "{environment}");
    }
    let changed = json!({"enabled": true, "rolloutPercentage": 40});
    first.put_flag("wishlist-gallery", changed).await;
    first.stop();
    let second = Process::start(folder.path(), &arguments);
    let gallery = second.get("flags/wishlist-gallery").await;
    assert_eq!(gallery["enabled"], true);
    assert_eq!(gallery["serve"]["rollout"], 40);
    assert_eq!(gallery["version"], 2);
    second.stop();
}

#[tokio::test]
async fn a_broken_flag_in_a_seed_is_reported_and_the_others_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let good = json!({"type": "boolean", "enabled": true, "serve": "on"});
    let document = json!({"schemaVersion": 1, "flags": {"good": good, "bad": {"type": "boolean", "enabled": true, "serve": "maybe"}}});
    std::fs::write(folder.path().join("seed.json"), document.to_string()).unwrap();
    let process = Process::start(
        folder.path(),
        &["--admin-token", ADMIN, "--seed", "seed.json"],
    );
    assert_eq!(process.get("flags").await["total"], 1);
    let (_, stderr) = process.stop();
    assert!(stderr.contains("seed.json: /flags/bad/serve"), "{stderr}");
}

#[test]
fn an_invalid_configuration_ends_the_start_with_its_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("seed.json"), "{").unwrap();
    let issuer = ["--jwt-issuer", "i", "--jwt-audience", "a"];
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
        (
            &["--jwt-issuer", "i"],
            "`--jwt-issuer` needs `--jwt-audience` too",
        ),
        (
            &["--jwt-secret", "s"],
            "`--jwt-secret` needs `--jwt-issuer` too",
        ),
        (
            &[&issuer[..], &["--jwt-secret", "s"]].concat(),
            "the secret for tokens is shorter than 32 characters",
        ),
        (
            &[&issuer[..], &["--jwt-jwks-url", "http://a.example"]].concat(),
            "expected the address of the issuer's keys with https",
        ),
    ] {
        let stderr = refusal(folder.path(), arguments, &[]);
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
        assert!(
            !stderr.contains("a-token-of"),
            "a refused token is not printed: {stderr}"
        );
    }
}

#[test]
fn a_first_start_that_fails_stores_no_keys() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (listen, stdout) in [(&*taken, "/dev/null"), ("127.0.0.1:0", "/dev/full")] {
        let folder = tempfile::tempdir().unwrap();
        let stdout = std::fs::OpenOptions::new()
            .write(true)
            .open(stdout)
            .unwrap();
        let arguments = ["--listen", listen, "--database", "sqlite://flags.db"];
        let mut command = flagstaff(folder.path(), &[&["serve"], &arguments[..]].concat());
        command.stdout(stdout).stderr(Stdio::piped());
        let failed = command.output().unwrap();
        let stderr = String::from_utf8(failed.stderr).unwrap();
        assert!(!failed.status.success(), "{stderr}");
        let (output, _) = Process::start(folder.path(), &[]).stop();
        for kind in ["admin", "server", "client", "client-local"] {
            assert!(token(&output, kind).is_some(), "{kind}: {output}{stderr}");
        }
    }
}

#[tokio::test]
async fn white_space_around_a_secret_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    // Mounted secrets often end with a line break.
    let variables = [
        ("FLAGSTAFF_ADMIN_TOKEN", "an-admin-token-of-24-characters\n"),
        ("FLAGSTAFF_SERVER_KEY", " a-server-key\r\n"),
        ("FLAGSTAFF_REDIS", "redis://127.0.0.1:9\n"),
    ];
    let database = "sqlite://flags.db\n";
    let process = Process::start_on_with(database, folder.path(), &[], &variables);
    for (path, token) in [
        ("flags", "an-admin-token-of-24-characters"),
        ("/api/v1/sdk/snapshot", "a-server-key"),
    ] {
        process.get(path).token(token).await.expect(200);
    }
    assert!(folder.path().join("flags.db").exists());
    let arguments = ["token", "list", "--server", &process.address];
    let mut list = flagstaff(folder.path(), &arguments);
    list.env("FLAGSTAFF_TOKEN", "an-admin-token-of-24-characters\n");
    printed(list).expect_success();
}

#[test]
fn a_secret_that_cannot_be_used_is_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    let issuer = ["--jwt-issuer", "i", "--jwt-audience", "a"];
    let listen = ["serve", "--listen", "127.0.0.1:0"];
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
            let issuer = &issuer[..if option == "--jwt-secret" { 4 } else { 0 }];
            flagstaff(folder.path(), &[&listen[..], issuer].concat())
        };
        let (mut given, mut from_environment) = (serve(), serve());
        given.args([option, value]);
        from_environment.env(variable, value);
        for command in [given, from_environment] {
            let Printed {
                stdout,
                stderr,
                status,
            } = printed(command);
            let output = stdout + &stderr;
            assert_ne!(status, 0, "{option} {value:?}: {output}");
            assert!(!output.contains("HIDDEN"), "{option} {value:?}: {output}");
            assert!(!output.is_empty());
        }
    }
    let arguments = ["token", "list", "--token", "HIDDEN word"];
    let Printed { stderr, status, .. } = printed(flagstaff(folder.path(), &arguments));
    assert!(status != 0 && stderr.contains("--token"), "{stderr}");
    assert!(!stderr.contains("HIDDEN"), "{stderr}");
}

#[tokio::test]
async fn an_unusable_postgresql_is_reported_without_its_password() {
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
        let stderr = refusal(folder.path(), &["--database", &address], &[]);
        assert!(stderr.contains("cannot open the database"), "{stderr}");
        assert!(stderr.contains(expected), "{expected}: {stderr}");
        assert!(
            !stderr.contains("secret") && !stderr.contains("wrongword"),
            "{stderr}"
        );
    }
}
