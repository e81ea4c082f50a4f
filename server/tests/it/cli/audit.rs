//! The commands about the audit

use super::remote::ask;
use super::*;
use crate::support::{ADMIN, Process, Requests as _, on, sql, until};

#[test]
fn the_audit_is_verified_from_an_export_and_from_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    for key in ["a", "b"] {
        let flags = json!({"schemaVersion": 1, "flags": {key: {"type": "boolean", "enabled": true, "serve": "off", "overrides": {"user": {"u1": "include"}}}}});
        std::fs::write(folder.path().join("flags.json"), flags.to_string()).unwrap();
        assert_eq!(ask(&server, folder.path(), "import flags.json").status, 0);
    }
    let list = ask(&server, folder.path(), "audit list --flag a");
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
    let export = ask(&server, folder.path(), "audit export").stdout;
    let verify = |text: &str, more: &[&str]| {
        run(
            folder.path(),
            &[&["audit", "verify", "-"], more].concat(),
            text,
        )
    };
    let whole = verify(&export, &[]);
    assert_eq!(whole.status, 0, "{}", whole.stderr);
    assert_eq!(
        whole.stdout.lines().next().unwrap(),
        "2 rows, and none was changed",
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
    assert_eq!(altered.status, 1);
    assert_eq!(
        &*altered.stdout,
        "broken: row 1: altered: its content does not have its hash\n"
    );
    let first = export.lines().next().unwrap();
    assert_eq!(verify(first, &[]).status, 0);
    let cut = verify(first, &["--expect", &head, "--format", "json"]);
    let result: Value = serde_json::from_str(&cut.stdout).unwrap();
    assert_eq!(cut.status, 1);
    assert_eq!(result["broken"]["sequence"], 2);
    let second = export.lines().nth(1).unwrap();
    assert_eq!(verify(second, &[]).status, 1);
    assert_eq!(verify(second, &["--partial"]).status, 0);
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
    // The rows have digests of their details.
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
    assert_eq!(none.status, 2);
    assert_eq!(&*none.stderr, "flagstaff: there is no project `none`\n");
}

#[tokio::test]
async fn a_server_deletes_rows_older_than_its_option_says() {
    let folder = tempfile::tempdir().unwrap();
    let first = Process::start(folder.path(), &["--admin-token", ADMIN]);
    for key in ["a", "b", "c"] {
        first.put(&format!("flags/{key}"), on()).await.expect(201);
    }
    first.stop();
    // As if they were of 1970; their hashes do not matter any more.
    let address = format!("sqlite://{}", folder.path().join("flags.db").display());
    sql(
        &address,
        "UPDATE audit_entry SET made_at = 0 WHERE sequence < 3",
    )
    .await;
    let options = ["--admin-token", ADMIN, "--audit-days", "30"];
    let second = Process::start(folder.path(), &options);
    until("the old rows are gone", async || {
        second.audit("").await.len() == 2
    })
    .await;
    let rows = second.audit("").await;
    assert_eq!(rows[0]["key"], "1-2");
    assert_eq!(
        [&rows[0]["actor"], &rows[0]["reason"]],
        ["flagstaff", "--audit-days"]
    );
    let export = "/api/v1/projects/default/audit/export";
    let export = second.get(export).await.expect(200).text;
    let verified = run(folder.path(), &["audit", "verify", "-"], &export);
    assert_eq!(verified.status, 0, "{}", verified.stdout);
    let first = export.lines().next().unwrap();
    let alone = run(folder.path(), &["audit", "verify", "-"], first);
    assert!(
        alone.stdout.starts_with("broken: row 1: missing"),
        "{}",
        alone.stdout
    );
    second.stop();
    let database = ["audit", "verify", "--database", &address];
    assert_eq!(run(folder.path(), &database, "").status, 0);
}
