//! The commands that use a server or a database

use super::*;

use crate::support::{ADMIN, Printed, Process};

/// Runs a command, whose arguments are the words of a line, against a server
pub(super) fn ask(server: &Process, folder: &Path, line: &str) -> Printed {
    let arguments: Vec<&str> = line.split(' ').collect();
    let server = ["--server", &server.address, "--token", ADMIN];
    run(folder, &[&arguments[..], &server].concat(), "")
}

#[test]
fn an_environment_is_exported_and_imported() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let yaml = "schemaVersion: 1\nflags:\n  a: {type: boolean, enabled: true, serve: off}\n";
    std::fs::write(folder.path().join("flags.yaml"), yaml).unwrap();
    let preview = ask(&server, folder.path(), "import flags.yaml --dry-run");
    assert_eq!((preview.status, &*preview.stderr), (0, ""));
    assert!(
        preview.stdout.starts_with("added    /flags/a  "),
        "{}",
        preview.stdout
    );
    let done = ask(&server, folder.path(), "import flags.yaml --reason first");
    assert_eq!(done.status, 0);
    assert_eq!(&*done.stdout, "the environment is at revision 1\n");
    let again = ask(
        &server,
        folder.path(),
        "import flags.yaml --dry-run --mode replace",
    );
    assert_eq!(again.stdout, "nothing would change\n");

    let exported = ask(&server, folder.path(), "export --format yaml");
    assert_eq!(exported.status, 0, "{}", exported.stderr);
    std::fs::write(folder.path().join("exported.yaml"), &exported.stdout).unwrap();
    let back = ask(&server, folder.path(), "import exported.yaml --dry-run");
    assert_eq!(back.stdout, "nothing would change\n");
    let json = ask(&server, folder.path(), "export --environment staging");
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["environment"], "staging");

    std::fs::write(
        folder.path().join("wrong.json"),
        r#"{"schemaVersion": 1, "flags": {"a": {"type": "boolean", "enabled": 1}}}"#,
    )
    .unwrap();
    ask(&server, folder.path(), "import wrong.json")
        .expect_failure("refuses: `/flags/a/enabled`: ");
    ask(&server, folder.path(), "export --project none")
        .expect_failure("flagstaff: the server refuses: project `none` does not exist\n");
}

#[test]
fn an_import_changes_no_salt_without_rehash_and_a_dry_run_prints_whom_it_would_move() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let import = |salt: &str, options: &str| {
        let yaml = format!(
            "schemaVersion: 1\nflags:\n  a: {{type: boolean, enabled: true, serve: {{variant: on, rollout: 25}}, salt: {salt}}}\n"
        );
        std::fs::write(folder.path().join("flags.yaml"), yaml).unwrap();
        let line = format!("import flags.yaml{options}");
        ask(&server, folder.path(), &line)
    };
    assert_eq!(import("old", "").status, 0);
    let refused = import("new", " --dry-run");
    assert_eq!(refused.status, 2);
    let expected = "refuses: `/flags/a/salt`: expected `old`, ";
    assert!(refused.stderr.contains(expected), "{}", refused.stderr);
    let preview = import("new", " --dry-run --rehash");
    let expected = "changed  /flags/a/salt  \"old\" -> \"new\"\n\
                    moved    /flags/a/serve  37.5 % of users get another variant\n";
    assert_eq!((&*preview.stdout, &*preview.stderr), (expected, ""));
    let done = import("new", " --rehash");
    assert_eq!(done.stdout, "the environment is at revision 2\n");
}

#[test]
fn an_admin_token_can_be_created_in_the_database() {
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
    // A running server learns of the token.
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
    let audit = ask(&server, folder.path(), "audit list");
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
        assert_eq!(refused.status, 2, "{more:?}");
        assert_eq!(&*refused.stdout, "", "{more:?}");
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
fn a_token_that_cannot_be_printed_is_revoked() {
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
    let list = ask(&server, folder.path(), "token list");
    assert!(
        list.status == 0 && !list.stdout.contains("lost"),
        "{}",
        list.stdout
    );
    let audit = ask(&server, folder.path(), "audit list").stdout;
    assert_eq!(audit.matches("  create  token ").count(), 2, "{audit}");
    assert_eq!(audit.matches("  delete  token ").count(), 2, "{audit}");
}

#[test]
fn tokens_are_created_listed_and_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let made = ask(
        &server,
        folder.path(),
        "token create --name ann --role editor",
    );
    assert!(
        made.stdout.starts_with("fs_editor_"),
        "{}{}",
        made.stdout,
        made.stderr
    );
    let list = ask(&server, folder.path(), "token list --format json");
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    let ann = list
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["name"] == "ann")
        .unwrap();
    let table = ask(&server, folder.path(), "token list");
    assert!(
        table.stdout.lines().next().unwrap().starts_with("id "),
        "{}",
        table.stdout
    );
    assert!(table.stdout.contains("  editor  ann  "), "{}", table.stdout);
    let ended = ask(
        &server,
        folder.path(),
        &format!("token revoke {}", ann["id"].as_str().unwrap()),
    );
    assert_eq!(ended.status, 0);
    assert_eq!(&*ended.stdout, "");
    let list = ask(&server, folder.path(), "token list");
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
            .starts_with("flagstaff: the request to the server failed: "),
        "{}",
        wrong.stderr
    );
}

#[test]
fn completion_scripts_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = run(folder.path(), &["completion", shell], "");
        assert!(
            script.status == 0 && script.stdout.contains("verify"),
            "{shell}"
        );
    }
}
