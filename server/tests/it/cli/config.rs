//! The configuration of a server from a file

use super::*;
use crate::support::{ADMIN, Process, Requests as _};

#[tokio::test]
async fn a_file_configures_a_server_below_the_environment_and_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!(
        "# What the command line and the environment do not say\n\
         admin-token = \"{ADMIN}\"\nmax-streams = 11\nmax-connections = 12\nusage-days = 13\n\
         trusted-proxy = [\"10.0.0.0/8\", \"192.0.2.1\"]\n"
    );
    std::fs::write(folder.path().join("flagstaff.toml"), file).unwrap();
    let check = |more: &[&str]| {
        let arguments = [
            "config",
            "check",
            "--config",
            "flagstaff.toml",
            "--max-streams",
            "21",
        ];
        let mut command = flagstaff(folder.path(), &[&arguments[..], more].concat());
        command.env("FLAGSTAFF_MAX_CONNECTIONS", "22");
        crate::support::printed(command)
    };
    let checked = check(&["--format", "json"]).expect_success();
    assert!(!checked.contains(ADMIN), "{checked}");
    let settings: Value = serde_json::from_str(&checked).unwrap();
    let setting = |name: &str| {
        let mut settings = settings.as_array().unwrap().iter();
        let found = settings.find(|setting| setting["option"] == name).unwrap();
        (found["value"].clone(), found["from"].clone())
    };
    for (name, value, source) in [
        ("max-streams", "21", "command line"),
        ("max-connections", "22", "environment"),
        ("usage-days", "13", "file"),
        ("trusted-proxy", "10.0.0.0/8,192.0.2.1", "file"),
        ("admin-token", "(secret)", "file"),
        ("override-changes", "100", "default"),
        ("seed", "(not set)", "default"),
    ] {
        assert_eq!(setting(name), (json!(value), json!(source)), "{name}");
    }
    let table = check(&[]).expect_success();
    assert!(
        table.starts_with("option  ") && table.contains("\nmax-streams  "),
        "{table}"
    );

    let server = Process::start(folder.path(), &["--config", "flagstaff.toml"]);
    server.get("flags").await.expect(200);
    let metrics = server.get("/metrics").await.text;
    assert!(
        metrics.contains("\nflagstaff_streams_limit 11\n"),
        "{metrics}"
    );

    for (text, expected) in [
        (
            "usage_days = 1",
            "bad.toml: line 1: unknown option `usage_days`; it is written `usage-days`",
        ),
        (
            "\nlisten = \"x\"",
            "bad.toml: line 2: invalid value 'x' for '--listen",
        ),
        ("listen = ", "bad.toml: line 1: "),
        (
            "admin-token = \"short\"",
            "`--admin-token` is shorter than 24 characters",
        ),
        (
            "jwt-issuer = \"https://a.example\"",
            "`--jwt-issuer` needs `--jwt-audience` too",
        ),
        (
            "tls-cert = \"none.pem\"",
            "`--tls-cert` and `--tls-key` need each other",
        ),
        (
            "encryption-keys = [\"short\"]",
            "cannot use the encryption keys",
        ),
        ("seed = \"none.json\"", "cannot read the seed none.json"),
    ] {
        std::fs::write(folder.path().join("bad.toml"), text).unwrap();
        let arguments = ["config", "check", "--config", "bad.toml"];
        run(folder.path(), &arguments, "").expect_failure(expected);
        let refused = run(folder.path(), &["serve", "--config", "bad.toml"], "");
        assert!(
            refused.status != 0 && refused.stderr.contains(expected),
            "{}",
            refused.stderr
        );
    }
    run(
        folder.path(),
        &["config", "check", "--config", "none.toml"],
        "",
    )
    .expect_failure("none.toml: cannot read it");
}
