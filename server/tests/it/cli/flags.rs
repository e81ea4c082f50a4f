//! The commands about flags and overrides, at a server and in a database

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use super::*;
use crate::support::{ADMIN, Connection, Process, Requests as _, until};

/// Runs a command, whose arguments are the words of a line, with what says where the API is
fn at(place: &[&str], folder: &Path, line: &str) -> Printed {
    let arguments: Vec<&str> = line.split(' ').collect();
    run(folder, &[&arguments[..], place].concat(), "")
}

/// The cells of the last row of a table
fn last_row(table: &str) -> Vec<&str> {
    let cells = table.lines().last().unwrap().split("  ").map(str::trim);
    cells.filter(|cell| !cell.is_empty()).collect()
}

#[tokio::test]
async fn flags_are_created_switched_rolled_out_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let remote = ["--server", &*server.address, "--token", ADMIN];
    let local = ["--database", "sqlite://flags.db"];
    for (key, place) in [("a", &remote[..]), ("b", &local)] {
        let ask = |line: &str| at(place, folder.path(), &line.replace("KEY", key));
        ask("flag get KEY").expect_failure(&format!("flag `{key}` does not exist"));
        let made = ask("flag set KEY --rollout 25 --description checkout --tag pay --owner ann");
        let expected = format!("{key} is on in production, serves on to 25 % (revision ");
        let made = made.expect_success();
        assert!(made.starts_with(&expected), "{made}");
        let off = ask("flag off KEY --reason broken").expect_success();
        let expected = format!("{key} is off in production, serves on to 25 % (revision ");
        assert!(off.starts_with(&expected), "{off}");
        let shown = ask("flag get KEY").expect_success();
        for expected in [
            ["state", "off"],
            ["serves", "on to 25 %"],
            ["description", "checkout"],
        ] {
            assert!(
                shown.lines().any(|line| last_row(line) == expected),
                "{shown}"
            );
        }
        ask("flag rollout KEY 50%").expect_success();
        ask("flag on KEY --all-environments").expect_success();
        let listed = ask("flag list --search KEY").expect_success();
        assert_eq!(
            last_row(&listed)[..4],
            [key, "boolean", "on", "on to 50 %"],
            "{listed}"
        );
        let json = ask("flag list --search KEY --format json").expect_success();
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json[0]["serve"], json!({"variant": "on", "rollout": 50}));
        let said = server
            .get(&format!("/api/v1/projects/default/flags/{key}"))
            .await;
        assert_eq!(
            (&said["tags"], &said["owner"]),
            (&json!(["pay"]), &json!("ann"))
        );
    }
    // What was done in the database is in the audit under the name of the command, and the server has noticed it.
    let audit = at(&remote, folder.path(), "audit list --flag b --limit 1").expect_success();
    assert_eq!(
        last_row(&audit)[2..4],
        ["flagstaff flag on", "update"],
        "{audit}"
    );
    until("the server has the flag", async || {
        server.get("flags/b").await["enabled"] == true
    })
    .await;
}

#[tokio::test]
async fn a_flag_is_taken_from_a_file_and_evaluated_at_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let remote = ["--server", &*server.address, "--token", ADMIN];
    let ask = |line: &str| at(&remote, folder.path(), line);
    let yaml = "type: string\nenabled: true\nvariants: {a: A, b: B}\noffVariant: a\nserve: b\n";
    std::fs::write(folder.path().join("flag.yaml"), yaml).unwrap();
    ask("flag set page flag.yaml").expect_success();
    // Again: it replaces the version that is there.
    std::fs::write(
        folder.path().join("flag.yaml"),
        yaml.replace("serve: b", "serve: a"),
    )
    .unwrap();
    let replaced = ask("flag set page flag.yaml").expect_success();
    assert!(replaced.contains("serves a (revision 2)"), "{replaced}");
    ask("override add page user:u-1 variant=b --reason demo").expect_success();
    for (place, user, expected) in [
        (
            &remote[..],
            "u-1",
            r#"page = "B"  (variant b, TARGETING_MATCH, override "user")"#,
        ),
        (
            &["--database", "sqlite://flags.db"],
            "u-2",
            r#"page = "A"  (variant a, "#,
        ),
    ] {
        let context = format!(r#"{{"targetingKey":"{user}"}}"#);
        let printed = at(
            place,
            folder.path(),
            &format!("eval page --context {context}"),
        );
        let printed = printed.expect_success();
        assert!(printed.starts_with(expected), "{printed}");
    }
    let missing = ask("eval none");
    assert_eq!(
        (missing.status, &*missing.stdout),
        (1, "none = FLAG_NOT_FOUND: there is no such flag\n")
    );
    ask("eval page --environment none").expect_failure("environment `none` does not exist");
    std::fs::write(folder.path().join("bad.yaml"), "a: [").unwrap();
    ask("flag set page bad.yaml").expect_failure("`bad.yaml`: it is no YAML");
    ask("flag set page --rollout 101").expect_failure("expected a number from 0 to 100");
    ask("flag set page --on --off").expect_failure("cannot be used with");
}

#[tokio::test]
async fn overrides_are_added_listed_loaded_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    server.put_flag("a", crate::support::on()).await;
    let remote = ["--server", &*server.address, "--token", ADMIN];
    for place in [&remote[..], &["--database", "sqlite://flags.db"]] {
        let ask = |line: &str| at(place, folder.path(), line);
        ask("override add a organization:acme:1 exclude --reason asked").expect_success();
        let listed = ask("override list a").expect_success();
        let row = last_row(&listed);
        assert_eq!(
            row[..3],
            ["a", "organization:acme:1", "exclude"],
            "{listed}"
        );
        assert_eq!(row.last(), Some(&"asked"), "{listed}");
        let lines: Vec<String> = (0..300)
            .map(|user| format!("{{\"contextKey\": \"u-{user}\", \"value\": \"include\"}}\n"))
            .collect();
        std::fs::write(folder.path().join("users.ndjson"), lines.concat()).unwrap();
        let load = "override load a users.ndjson --level user";
        let preview = ask(&format!("{load} --dry-run")).expect_success();
        assert!(
            preview.starts_with("300 would be added, 0 would be changed, "),
            "{preview}"
        );
        let loaded = ask(load).expect_success();
        assert!(
            loaded.starts_with("300 added, 0 changed, 0 removed (revision "),
            "{loaded}"
        );
        let listed = ask("override list a --format json").expect_success();
        let listed: Value = serde_json::from_str(&listed).unwrap();
        assert_eq!(listed.as_array().map(Vec::len), Some(301), "all pages");
        let of_one = ask("override list --context user:u-7").expect_success();
        assert_eq!(of_one.lines().count(), 2, "{of_one}");
        ask("override remove a organization:acme:1").expect_success();
        ask("override remove a organization:acme:1").expect_failure("does not exist");
        std::fs::write(folder.path().join("none.ndjson"), "").unwrap();
        let emptied = ask("override load a none.ndjson --level user --mode replace");
        let emptied = emptied.expect_success();
        assert!(
            emptied.starts_with("0 added, 0 changed, 300 removed"),
            "{emptied}"
        );
    }
    let ask = |line: &str| at(&remote, folder.path(), line);
    ask("override add a u-1 include").expect_failure("as `user:u-17`");
    ask("override add a user:u-1 maybe").expect_failure("EFFECT: expected `include`");
    ask("override list").expect_failure("<FLAG>");
}

#[tokio::test]
async fn a_change_is_waited_for_until_every_instance_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    server.put_flag("a", crate::support::on()).await;
    let remote = ["--server", &*server.address, "--token", ADMIN];
    let done = at(&remote, folder.path(), "flag off a --wait 5").expect_success();
    let expected = "  0 of 0 connected instances have the change";
    assert_eq!(done.lines().last(), Some(expected), "{done}");
    let key = json!({"kind": "server", "name": "deaf"});
    let key = server.post("keys", key).await["token"]
        .as_str()
        .unwrap()
        .to_owned();
    // Says who it is and never that it has anything.
    let query = "?instance=i-1&sdk=deaf/1";
    let mut stream = Connection::open_at(&server.address, query, &key, None).await;
    stream.intent().await;
    let waited = at(&remote, folder.path(), "flag on a --wait 1 --format json");
    assert_eq!(waited.status, 1, "{}{}", waited.stdout, waited.stderr);
    let changed: Value = serde_json::from_str(&waited.stdout).unwrap();
    assert_eq!(changed[0]["flag"]["enabled"], true);
    assert_eq!(changed[0]["convergence"]["converged"], false, "{changed}");
    drop(stream);
    at(
        &["--database", "sqlite://flags.db"],
        folder.path(),
        "flag on a --wait 1",
    )
    .expect_failure("cannot be used with");
}

#[test]
fn the_database_needs_no_server_for_documents_tokens_and_the_audit() {
    let folder = tempfile::tempdir().unwrap();
    Process::start(folder.path(), &["--admin-token", ADMIN]).stop();
    let ask = |line: &str| at(&["--database", "sqlite://flags.db"], folder.path(), line);
    std::fs::write(
        folder.path().join("flags.json"),
        document(&json!({"f": flag()})),
    )
    .unwrap();
    let preview = ask("import flags.json --dry-run").expect_success();
    assert!(preview.starts_with("added    /flags/f  "), "{preview}");
    ask("import flags.json --reason first").expect_success();
    let exported = ask("export").expect_success();
    let exported: Value = serde_json::from_str(&exported).unwrap();
    assert_eq!(exported["flags"]["f"]["serve"], "off");
    let audit = ask("audit list").expect_success();
    let row = last_row(audit.lines().nth(1).unwrap());
    assert_eq!(
        row[2..5],
        ["flagstaff import", "create", "flag f"],
        "{audit}"
    );
    let export = ask("audit export").expect_success();
    run(folder.path(), &["audit", "verify", "-"], &export).expect_success();
    let tokens = ask("token list --format json").expect_success();
    let tokens: Value = serde_json::from_str(&tokens).unwrap();
    let made = ask("token create --name ann --role editor").expect_success();
    assert!(made.starts_with("fs_editor_"), "{made}");
    let list = ask("token list").expect_success();
    let ann = list.lines().find(|line| line.contains(" ann ")).unwrap();
    let id = ann.split(' ').next().unwrap();
    ask(&format!("token revoke {id}")).expect_success();
    let after = ask("token list --format json").expect_success();
    assert_eq!(serde_json::from_str::<Value>(&after).unwrap(), tokens);
    let nowhere = run(
        folder.path(),
        &["export", "--database", "sqlite://none.db"],
        "",
    );
    nowhere.expect_failure("cannot use the database");
    assert!(!folder.path().join("none.db").exists());
}

/// Answers one request after a second and a half, as a server under load does
fn slow_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4_096]).unwrap();
            std::thread::sleep(Duration::from_millis(1_500));
            let body = r#"{"items": [], "next": null}"#;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            stream
                .write_all(format!("{head}{body}").as_bytes())
                .unwrap();
        }
    });
    address
}

#[test]
fn progress_and_colours_are_only_for_terminals() {
    let folder = tempfile::tempdir().unwrap();
    let server = slow_server();
    let arguments = ["flag", "list", "--server", &*server, "--token", ADMIN];
    let piped = run(folder.path(), &arguments, "").expect_success();
    assert!(
        piped.starts_with("key") && !piped.contains('\u{1b}'),
        "{piped}"
    );
    // `script` runs a command on a terminal of its own.
    let line = format!(
        "{} {}",
        env!("CARGO_BIN_EXE_flagstaff"),
        arguments.join(" ")
    );
    let on_terminal = |variable: (&str, &str)| {
        let output = Command::new("script")
            .args(["-qefc", &line, "/dev/null"])
            .env("TERM", "xterm")
            .env(variable.0, variable.1)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = on_terminal(("LANG", "C.UTF-8"));
    assert!(shown.contains("flag list  1s"), "{shown:?}");
    assert!(shown.contains("\u{1b}[1mkey"), "{shown:?}");
    assert!(!on_terminal(("NO_COLOR", "1")).contains("\u{1b}[1mkey"));
}
