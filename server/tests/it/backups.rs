//! Backups: what comes back, what refuses to, and what clients hold of before

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use axum::http::StatusCode;
use flagstaff_server::auth::KeyKind;
use flagstaff_server::{Clock, Intent, Limits, Scope};
use serde_json::{Value, json};

use crate::cli::run;
use crate::process::Process;
use crate::support::{Database, FLAGS, Server, sql, state};

/// Who was sent revision 1 before a backup was restored must not be told that it has what revision 1 is now
#[tokio::test]
async fn a_restored_backup_resumes_no_cursor_from_before_it_and_sends_what_there_is() {
    let database = Database::new();
    let open = async || state(&database, Limits::default(), Clock::System).await;
    // Makes the tables.
    drop(open().await);
    let flag = |value: &str| {
        json!({
            "type": "string", "enabled": true, "serve": "on", "offVariant": "off", "clientSide": true,
            "variants": {"on": value, "off": "nothing"},
        })
    };
    let overrides = |user: &str| {
        let mut flag = flag("same");
        flag["overrides"] = json!({"user": {user: {"variant": "off"}}});
        flag
    };
    let scopes = [Scope::All, Scope::ClientSide];
    let mut cursors: Vec<[String; 2]> = Vec::new();
    for flag in [
        flag("before"),
        flag("after"),
        overrides("a"),
        overrides("b"),
    ] {
        // The backup: a database in which nothing was written yet, of the same lineage.
        sql(
            database.address(),
            "DELETE FROM object; DELETE FROM entry; DELETE FROM flag; DELETE FROM change; DELETE FROM override_change; UPDATE environment SET revision = 0",
        )
        .await;
        let state = open().await;
        let environment = state.environment(1).unwrap();
        let server = Server::of(state, Database::new());
        let put = server.put("flag", &flag).await;
        assert_eq!(put.status, StatusCode::CREATED, "{}", put.text);
        let current = environment.current();
        assert_eq!(current.revision(), 1);
        for (scope, index) in scopes.into_iter().zip(0..) {
            for held in &cursors {
                let transfer = current.transfer(scope, Some(&held[index]));
                assert!(
                    matches!(transfer.intent, Intent::Full(_)),
                    "{:?} of {} by {}",
                    transfer.intent,
                    held[index],
                    current.cursor(scope)
                );
            }
        }
        // The document of then is not the one of now either, nor are the values that were evaluated from it.
        for held in &cursors {
            let tag = format!("\"{}\"", held[0]);
            let headers = [("if-none-match", &*tag)];
            let path = "/api/v1/sdk/snapshot";
            let answer = server
                .call(
                    KeyKind::Server,
                    axum::http::Method::GET,
                    path,
                    &Value::Null,
                    &headers,
                )
                .await;
            assert_eq!(answer.status, StatusCode::OK);
        }
        cursors.push(scopes.map(|scope| current.cursor(scope)));
    }
}

async fn put(server: &Process, key: &str, enabled: bool) {
    let path = format!("{}{FLAGS}/{key}", server.address);
    let sent = crate::support::http()
        .put(path)
        .bearer_auth(TOKEN)
        .header("if-match", "*")
        .body(json!({"enabled": enabled}).to_string());
    let mut answer = sent.try_clone().unwrap().send().await.unwrap();
    if answer.status() == StatusCode::PRECONDITION_FAILED {
        let created = crate::support::http()
            .put(format!("{}{FLAGS}/{key}", server.address))
            .bearer_auth(TOKEN)
            .body(json!({"enabled": enabled}).to_string());
        answer = created.send().await.unwrap();
    }
    assert!(answer.status().is_success(), "{:?}", answer.text().await);
}

const TOKEN: &str = "a-token-for-tests-of-backups";

fn serve(folder: &Path) -> Process {
    Process::start(folder, &["--admin-token", TOKEN])
}

async fn flags(server: &Process) -> Vec<String> {
    let (status, page) = server.get(FLAGS, TOKEN).await;
    assert_eq!(status, StatusCode::OK);
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["key"].as_str().unwrap().to_owned())
        .collect()
}

async fn cursor(server: &Process) -> String {
    let answer = crate::support::http()
        .get(format!(
            "{}/api/v1/projects/default/environments/production/document",
            server.address
        ))
        .bearer_auth(TOKEN)
        .send()
        .await
        .unwrap();
    answer.headers()["etag"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_backup_is_made_while_the_server_runs_and_restored_when_none_does() {
    let folder = tempfile::tempdir().unwrap();
    let command = |arguments: &[&str]| {
        let database = ["--database", "sqlite://flags.db"];
        run(folder.path(), &[arguments, &database].concat(), "")
    };
    let server = serve(folder.path());
    put(&server, "first", true).await;
    let before = cursor(&server).await;
    let made = command(&["backup", "backup.db"]);
    assert_eq!((made.status, &*made.stderr), (0, ""));
    let mode = |name: &str| {
        folder
            .path()
            .join(name)
            .metadata()
            .unwrap()
            .permissions()
            .mode()
    };
    assert_eq!(
        mode("backup.db") & 0o777,
        0o600,
        "it has the hashes of keys"
    );
    let again = command(&["backup", "backup.db"]);
    assert_eq!(again.status, 2);
    assert!(
        again.stderr.contains("`backup.db` exists already"),
        "{}",
        again.stderr
    );

    put(&server, "second", true).await;
    let refused = command(&["restore", "backup.db"]);
    assert_eq!(refused.status, 2, "{}", refused.stdout);
    assert!(
        refused.stderr.contains("in use: stop the server first"),
        "{}",
        refused.stderr
    );
    put(&server, "third", true).await;
    assert_eq!(flags(&server).await, ["first", "second", "third"]);
    server.stop();

    let restored = command(&["restore", "backup.db"]);
    assert_eq!((restored.status, &*restored.stderr), (0, ""));
    let kept = restored.stdout.split('`').nth(3).unwrap();
    assert!(
        restored.stdout.contains("is kept as"),
        "{}",
        restored.stdout
    );
    let server = serve(folder.path());
    assert_eq!(flags(&server).await, ["first"]);
    let after = cursor(&server).await;
    let parts = |cursor: &str| {
        let parts: Vec<String> = cursor
            .trim_matches('"')
            .split('.')
            .map(str::to_owned)
            .collect();
        parts
    };
    let (before, after) = (parts(&before), parts(&after));
    assert_ne!(before[0], after[0], "it is another lineage");
    assert_eq!(before[1..], after[1..], "of the same content");
    server.stop();

    // What was there is a database that can be had back.
    let back = command(&["restore", kept]);
    assert_eq!((back.status, &*back.stderr), (0, ""));
    let server = serve(folder.path());
    assert_eq!(flags(&server).await, ["first", "second", "third"]);
    server.stop();
    let unfinished = std::fs::read_dir(folder.path()).unwrap();
    let names = unfinished.map(|file| file.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> = names.filter(|name| name.contains("unfinished")).collect();
    assert_eq!(left, [""; 0]);
}

#[tokio::test]
async fn what_is_no_backup_is_not_restored_and_the_database_stays() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path());
    put(&server, "first", true).await;
    server.stop();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("text"), "no database at all, whatever its name").unwrap();
    std::fs::write(path("empty"), "").unwrap();
    let database = std::fs::read(path("flags.db")).unwrap();
    let on = |file: &str, address: &str| {
        run(folder.path(), &["restore", file, "--database", address], "")
    };
    for file in ["text", "empty", "missing"] {
        let refused = on(file, "sqlite://flags.db");
        assert_eq!(refused.status, 2, "{file}");
        assert!(
            refused.stderr.contains("is not a database of Flagstaff"),
            "{}",
            refused.stderr
        );
        assert_eq!(std::fs::read(path("flags.db")).unwrap(), database, "{file}");
    }
    assert!(!path("missing").exists());
    let refused = on("flags.db", "postgres://user:secret@localhost/flags");
    assert!(
        refused.stderr.contains("`pg_restore`"),
        "{}",
        refused.stderr
    );
    let refused = on("flags.db", "sqlite::memory:");
    assert!(refused.stderr.contains("in memory"), "{}", refused.stderr);

    // A database that cannot be read may be one that a server uses: nothing is done, and it is said what can be.
    let restored = on("flags.db", "sqlite://other.db");
    assert_eq!((restored.status, &*restored.stderr), (0, ""));
    let refused = on("other.db", "sqlite://text");
    assert_eq!(refused.status, 2);
    assert!(
        refused.stderr.contains("move `") && refused.stderr.contains("away"),
        "{}",
        refused.stderr
    );
    // Nor is a log of another database taken for one of the restored one.
    std::fs::write(path("new.db-wal"), "of another").unwrap();
    let refused = on("other.db", "sqlite://new.db");
    assert!(refused.stderr.contains("new.db-wal"), "{}", refused.stderr);
    assert!(!path("new.db").exists());
}
