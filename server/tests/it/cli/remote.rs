//! The commands that ask a server or a database, as a shell runs them

use super::*;
use crate::process::{ADMIN, Process};

/// What is printed by a command that asks this server
fn ask(server: &Process, folder: &Path, arguments: &[&str]) -> Printed {
    let whole = [arguments, &["--server", &server.address, "--token", ADMIN]].concat();
    run(folder, &whole, "")
}

#[test]
fn an_environment_is_exported_and_imported() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let yaml = "schemaVersion: 1\nflags:\n  a: {type: boolean, enabled: true, serve: off}\n";
    std::fs::write(folder.path().join("flags.yaml"), yaml).unwrap();
    let told = ask(
        &server,
        folder.path(),
        &["import", "flags.yaml", "--dry-run"],
    );
    assert_eq!((told.status, &*told.stderr), (0, ""));
    assert!(
        told.stdout.starts_with("added    /flags/a  "),
        "{}",
        told.stdout
    );
    let done = ask(
        &server,
        folder.path(),
        &["import", "flags.yaml", "--reason", "first"],
    );
    assert_eq!(
        (done.status, &*done.stdout),
        (0, "the environment is at revision 1\n")
    );
    let again = ask(
        &server,
        folder.path(),
        &["import", "flags.yaml", "--dry-run", "--mode", "replace"],
    );
    assert_eq!(again.stdout, "nothing would change\n");

    let exported = ask(&server, folder.path(), &["export", "--format", "yaml"]);
    assert_eq!(exported.status, 0, "{}", exported.stderr);
    std::fs::write(folder.path().join("exported.yaml"), &exported.stdout).unwrap();
    let back = ask(
        &server,
        folder.path(),
        &["import", "exported.yaml", "--dry-run"],
    );
    assert_eq!(back.stdout, "nothing would change\n");
    let json = ask(
        &server,
        folder.path(),
        &["export", "--environment", "staging"],
    );
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["environment"], "staging");

    std::fs::write(
        folder.path().join("wrong.json"),
        r#"{"schemaVersion": 1, "flags": {"a": {"type": "boolean", "enabled": 1}}}"#,
    )
    .unwrap();
    let refused = ask(&server, folder.path(), &["import", "wrong.json"]);
    assert_eq!(refused.status, 2);
    assert!(
        refused.stderr.contains("\n  /flags/a/enabled: "),
        "{}",
        refused.stderr
    );
    let missing = ask(&server, folder.path(), &["export", "--project", "none"]);
    assert_eq!(
        (missing.status, &*missing.stderr),
        (
            2,
            "flagstaff: the server refuses: project `none` does not exist\n"
        )
    );
}

#[test]
fn an_import_moves_nobody_unless_told_to_and_tells_whom_it_would() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let import = |salt: &str, more: &[&str]| {
        let yaml = format!(
            "schemaVersion: 1\nflags:\n  a: {{type: boolean, enabled: true, serve: {{variant: on, rollout: 25}}, salt: {salt}}}\n"
        );
        std::fs::write(folder.path().join("flags.yaml"), yaml).unwrap();
        let whole = [&["import", "flags.yaml"], more].concat();
        ask(&server, folder.path(), &whole)
    };
    assert_eq!(import("old", &[]).status, 0);
    let refused = import("new", &["--dry-run"]);
    assert_eq!(refused.status, 2);
    let expected = "\n  /flags/a/salt: expected `old`, ";
    assert!(refused.stderr.contains(expected), "{}", refused.stderr);
    let told = import("new", &["--dry-run", "--rehash"]);
    let expected = "changed  /flags/a/salt  \"old\" -> \"new\"\n\
                    moved    /flags/a/serve  37.5 % of users get another variant\n";
    assert_eq!((&*told.stdout, &*told.stderr), (expected, ""));
    let done = import("new", &["--rehash"]);
    assert_eq!(done.stdout, "the environment is at revision 2\n");
}

#[test]
fn who_has_no_admin_token_left_makes_one_in_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let create = |more: &[&str]| {
        let database = ["token", "create", "--database", "sqlite://flags.db"];
        run(folder.path(), &[&database[..], more].concat(), "")
    };
    let all = ["--name", "rescue", "--role", "admin", "--all-projects"];
    let made = create(&all);
    assert_eq!((made.status, &*made.stderr), (0, ""));
    let token = made.stdout.trim();
    assert!(token.starts_with("fs_admin_"), "{token}");
    // A server that runs learns of it by itself.
    let list = || {
        let arguments = ["token", "list", "--format", "json"];
        let remote = ["--server", &*server.address, "--token", token];
        run(folder.path(), &[&arguments[..], &remote].concat(), "")
    };
    let began = std::time::Instant::now();
    let mut listed = list();
    while listed.status != 0 && began.elapsed() < std::time::Duration::from_secs(20) {
        listed = list();
    }
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let found = listed.as_array().unwrap().iter();
    let found = found.filter(|item| item["name"] == "rescue" && item["allProjects"] == true);
    assert_eq!(found.count(), 1, "{listed}");
    let audit = ask(&server, folder.path(), &["audit", "list"]);
    assert!(
        audit.stdout.contains("  flagstaff token  create  token "),
        "{}",
        audit.stdout
    );

    for (more, expected) in [
        (
            &["--name", "", "--role", "admin"][..],
            "--name: expected 1 to 100 characters",
        ),
        (
            &["--name", "a", "--role", "root"],
            "`viewer`, `editor` or `admin`",
        ),
        (
            &[
                "--name",
                "a",
                "--role",
                "admin",
                "--expires-at",
                "2020-01-01T00:00:00Z",
            ],
            "--expires-at: expected a date",
        ),
        (
            &["--name", "a", "--role", "admin", "--project", "none"],
            "no project `none`",
        ),
    ] {
        let refused = create(more);
        assert_eq!((refused.status, &*refused.stdout), (2, ""), "{more:?}");
        assert!(refused.stderr.contains(expected), "{}", refused.stderr);
    }
    let nowhere = ["token", "create", "--database", "sqlite://none.db"];
    let refused = run(folder.path(), &[&nowhere[..], &all].concat(), "");
    assert_eq!(refused.status, 2, "{}", refused.stdout);
    assert!(!folder.path().join("none.db").exists());
    let nobody = run(folder.path(), &["token", "list"], "");
    assert!(
        nobody.stderr.contains("FLAGSTAFF_TOKEN"),
        "{}",
        nobody.stderr
    );
}

#[test]
fn a_token_that_cannot_be_printed_is_not_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let database = ["--database", "sqlite://flags.db"];
    let remote = ["--server", &*server.address, "--token", ADMIN];
    for place in [&database[..], &remote] {
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_flagstaff"))
            .args([
                "token",
                "create",
                "--name",
                "lost",
                "--role",
                "admin",
                "--all-projects",
            ])
            .args(place)
            .current_dir(folder.path())
            .env_clear()
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("so it was revoked again"), "{stderr}");
    }
    drop(server);
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let list = ask(&server, folder.path(), &["token", "list"]);
    assert!(
        list.status == 0 && !list.stdout.contains("lost"),
        "{}",
        list.stdout
    );
    let audit = ask(&server, folder.path(), &["audit", "list"]).stdout;
    assert_eq!(audit.matches("  create  token ").count(), 2, "{audit}");
    assert_eq!(audit.matches("  delete  token ").count(), 2, "{audit}");
}

#[test]
fn tokens_are_made_listed_and_ended() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let made = ask(
        &server,
        folder.path(),
        &["token", "create", "--name", "ann", "--role", "editor"],
    );
    assert!(
        made.stdout.starts_with("fs_editor_"),
        "{}{}",
        made.stdout,
        made.stderr
    );
    let list = ask(
        &server,
        folder.path(),
        &["token", "list", "--format", "json"],
    );
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    let ann = list
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["name"] == "ann")
        .unwrap();
    let table = ask(&server, folder.path(), &["token", "list"]);
    assert!(
        table.stdout.lines().next().unwrap().starts_with("id "),
        "{}",
        table.stdout
    );
    assert!(table.stdout.contains("  editor  ann  "), "{}", table.stdout);
    let ended = ask(
        &server,
        folder.path(),
        &["token", "revoke", ann["id"].as_str().unwrap()],
    );
    assert_eq!((ended.status, &*ended.stdout), (0, ""));
    let list = ask(&server, folder.path(), &["token", "list"]);
    assert!(!list.stdout.contains("ann"), "{}", list.stdout);
    let wrong = run(
        folder.path(),
        &[
            "token",
            "list",
            "--server",
            "http://127.0.0.1:1",
            "--token",
            ADMIN,
        ],
        "",
    );
    assert_eq!(wrong.status, 2);
    assert!(
        wrong
            .stderr
            .starts_with("flagstaff: cannot ask the server: "),
        "{}",
        wrong.stderr
    );
}

#[test]
fn the_audit_is_verified_from_an_export_and_from_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    for key in ["a", "b"] {
        let flags = json!({"schemaVersion": 1, "flags": {key: {"type": "boolean", "enabled": true, "serve": "off", "overrides": {"user": {"u1": "include"}}}}});
        std::fs::write(folder.path().join("flags.json"), flags.to_string()).unwrap();
        assert_eq!(
            ask(&server, folder.path(), &["import", "flags.json"]).status,
            0
        );
    }
    let list = ask(&server, folder.path(), &["audit", "list", "--flag", "a"]);
    assert_eq!(
        list.stdout.lines().count(),
        2,
        "{}{}",
        list.stdout,
        list.stderr
    );
    assert!(
        list.stdout
            .contains("create  flag a  production   /overrides/user/u1"),
        "{}",
        list.stdout
    );
    let export = ask(&server, folder.path(), &["audit", "export"]).stdout;
    let verify = |text: &str, more: &[&str]| {
        run(
            folder.path(),
            &[&["audit", "verify", "-"], more].concat(),
            text,
        )
    };
    let whole = verify(&export, &[]);
    assert_eq!(
        (whole.status, whole.stdout.lines().next().unwrap()),
        (0, "2 rows, and none was changed"),
        "{}",
        whole.stderr
    );
    let head = whole
        .stdout
        .lines()
        .nth(1)
        .unwrap()
        .strip_prefix("head ")
        .unwrap()
        .to_owned();
    let altered = verify(&export.replace("\"key\":\"a\"", "\"key\":\"x\""), &[]);
    assert_eq!(
        (altered.status, &*altered.stdout),
        (
            1,
            "broken: row 1: altered: its content does not have its hash\n"
        )
    );
    let first = export.lines().next().unwrap();
    assert_eq!(verify(first, &[]).status, 0);
    let cut = verify(first, &["--expect", &head, "--format", "json"]);
    let told: Value = serde_json::from_str(&cut.stdout).unwrap();
    assert_eq!((cut.status, &told["broken"]["sequence"]), (1, &json!(2)));
    let second = export.lines().nth(1).unwrap();
    assert_eq!(
        (
            verify(second, &[]).status,
            verify(second, &["--partial"]).status
        ),
        (1, 0)
    );
    assert_eq!(verify("{", &[]).status, 2);

    let nowhere = ["audit", "verify", "--database", "sqlite://none.db"];
    assert_eq!(run(folder.path(), &nowhere, "").status, 2);
    assert!(!folder.path().join("none.db").exists());

    drop(server);
    let database = ["audit", "verify", "--database", "sqlite://flags.db"];
    let whole = run(
        folder.path(),
        &[&database[..], &["--expect", &head]].concat(),
        "",
    );
    assert_eq!(whole.status, 0, "{}{}", whole.stdout, whole.stderr);
    let tamper = |statement: &'static str| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let address = format!("sqlite://{}", folder.path().join("flags.db").display());
        runtime.block_on(crate::support::sql(&address, statement));
    };
    // What is kept beside the rows is bound to them.
    tamper("UPDATE audit_item SET after_value = '\"exclude\"' WHERE sequence = 2");
    let broken = run(folder.path(), &database, "");
    assert_eq!(broken.status, 1, "{}", broken.stderr);
    assert!(
        broken
            .stdout
            .starts_with("broken: row 2: altered: the state"),
        "{}",
        broken.stdout
    );
    tamper("DELETE FROM audit_entry WHERE sequence = 2");
    let broken = run(folder.path(), &database, "");
    assert_eq!(
        broken.stdout,
        "broken: row 2: truncated: the audit was longer\n"
    );
    let none = run(
        folder.path(),
        &[&database[..], &["--project", "none"]].concat(),
        "",
    );
    assert_eq!(
        (none.status, &*none.stderr),
        (2, "flagstaff: there is no project `none`\n")
    );
}

#[test]
fn shells_are_told_how_to_complete() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = run(folder.path(), &["completion", shell], "");
        assert!(
            script.status == 0 && script.stdout.contains("verify"),
            "{shell}"
        );
    }
}
