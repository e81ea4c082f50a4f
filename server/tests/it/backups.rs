//! Backups: taking and restoring them, refused files, and cursors of clients after a restoration

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use flagstaff_server::{Clock, Intent, RuntimeConfig, Visibility};
use serde_json::json;

use crate::cli::run;
use crate::support::{ADMIN, Cluster, Database, Process, Requests as _, Server, on, state};

/// A client that had revision 1 before a backup was restored must not take it for the revision 1 of now
#[tokio::test]
async fn a_restored_backup_resumes_no_cursor_from_before_it() {
    let database = Database::new();
    let open = async || state(&database, RuntimeConfig::default(), Clock::System).await;
    // Creates the tables.
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
    let scopes = [Visibility::All, Visibility::ClientSide];
    let mut cursors: Vec<[String; 2]> = Vec::new();
    for flag in [
        flag("before"),
        flag("after"),
        overrides("a"),
        overrides("b"),
    ] {
        // The backup: an empty database with the same epoch.
        database.sql(
            "DELETE FROM object; DELETE FROM entry; DELETE FROM flag; DELETE FROM change; DELETE FROM override_change; UPDATE environment SET revision = 0",
        )
        .await;
        let state = open().await;
        let environment = state.environment(1).unwrap();
        let server = Server::of(state, Database::new());
        server.put_flag("flag", &flag).await.expect(201);
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
        // The ETags of before match nothing now.
        for held in &cursors {
            let tag = format!("\"{}\"", held[0]);
            let snapshot = server.get("/api/v1/sdk/snapshot").token("server");
            snapshot.header("if-none-match", &tag).await.expect(200);
        }
        cursors.push(scopes.map(|scope| current.cursor(scope)));
    }
}

fn serve(folder: &Path) -> Process {
    Process::start(folder, &["--admin-token", ADMIN])
}

async fn flags(server: &Process) -> Vec<String> {
    let page = server.get("flags").await.expect(200);
    page.column("key").into_iter().map(str::to_owned).collect()
}

async fn cursor(server: &Process) -> String {
    let document = server.get("document").await;
    document.header("etag").to_owned()
}

/// The epoch, the revision and the hash of a cursor
fn cursor_parts(cursor: &str) -> Vec<String> {
    let parts = cursor.trim_matches('"').split('.');
    parts.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_backup_is_taken_from_a_running_server_and_restored_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let command = |arguments: &[&str]| {
        let database = ["--database", "sqlite://flags.db"];
        run(folder.path(), &[arguments, &database].concat(), "")
    };
    let server = serve(folder.path());
    server.put_flag("first", on()).await;
    let before = cursor(&server).await;
    command(&["backup", "backup.db"]).expect_success();
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
    command(&["backup", "backup.db"]).expect_failure("`backup.db` exists already");

    server.put_flag("second", on()).await;
    command(&["restore", "backup.db"]).expect_failure("in use: stop the server first");
    server.put_flag("third", on()).await;
    assert_eq!(flags(&server).await, ["first", "second", "third"]);
    server.stop();

    let restored = command(&["restore", "backup.db"]).expect_success();
    let kept = restored.split('`').nth(3).unwrap();
    assert!(restored.contains("is kept as"), "{restored}");
    let server = serve(folder.path());
    assert_eq!(flags(&server).await, ["first"]);
    let after = cursor(&server).await;
    let (before, after) = (cursor_parts(&before), cursor_parts(&after));
    assert_ne!(before[0], after[0], "it is another lineage");
    assert_eq!(before[1..], after[1..], "of the same content");
    server.stop();

    // The replaced database can be restored too.
    command(&["restore", kept]).expect_success();
    let server = serve(folder.path());
    assert_eq!(flags(&server).await, ["first", "second", "third"]);
    server.stop();
    let unfinished = std::fs::read_dir(folder.path()).unwrap();
    let names = unfinished.map(|file| file.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> = names.filter(|name| name.contains("unfinished")).collect();
    assert_eq!(left, [""; 0]);
}

#[tokio::test]
async fn a_file_that_is_not_a_backup_is_not_restored_and_the_database_stays() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(folder.path());
    server.put_flag("first", on()).await;
    server.stop();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("text"), "no database at all, whatever its name").unwrap();
    std::fs::write(path("empty"), "").unwrap();
    let database = std::fs::read(path("flags.db")).unwrap();
    let restore = |file: &str, address: &str| {
        run(folder.path(), &["restore", file, "--database", address], "")
    };
    for file in ["text", "empty", "missing"] {
        restore(file, "sqlite://flags.db").expect_failure("is not a database of Flagstaff");
        assert_eq!(std::fs::read(path("flags.db")).unwrap(), database, "{file}");
    }
    assert!(!path("missing").exists());
    restore("flags.db", "postgres://user:secret@localhost/flags").expect_failure("`pg_restore`");
    restore("flags.db", "sqlite::memory:").expect_failure("in memory");

    // A database that cannot be read may be in use by a server: the message says what to do.
    restore("flags.db", "sqlite://other.db").expect_success();
    restore("other.db", "sqlite://text").expect_failure("move `");
    // A write-ahead log of another database stops the restoration.
    std::fs::write(path("new.db-wal"), "of another").unwrap();
    restore("other.db", "sqlite://new.db").expect_failure("new.db-wal");
    assert!(!path("new.db").exists());
}

/// Runs a program of PostgreSQL on a database, as the manual says
fn postgres(program: &str, database: &str, arguments: &[&str]) {
    let output = Command::new(program)
        .args(arguments)
        .arg(format!("--dbname={database}"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{program}: {output:?}");
}

#[tokio::test]
async fn a_dump_of_postgresql_is_restored_as_the_manual_says() {
    let folder = tempfile::tempdir().unwrap();
    let database = Cluster::shared().database().await;
    let dump = folder.path().join("flags.dump");
    let dump = dump.to_str().unwrap();
    let start = || Process::start_on(&database, folder.path(), &["--admin-token", ADMIN]);
    let node = start();
    node.put_flag("first", on()).await;
    let before = cursor(&node).await;
    let file = format!("--file={dump}");
    postgres("pg_dump", &database, &["--format=custom", &file]);
    node.put_flag("second", on()).await;
    node.stop();

    postgres("pg_restore", &database, &["--clean", "--if-exists", dump]);
    let manual = include_str!("../../../docs/operations.md");
    let (_, statement) = manual.split_once("```sql\n").unwrap();
    let (statement, _) = statement.split_once("```").unwrap();
    postgres("psql", &database, &["--command", statement]);
    let node = start();
    assert_eq!(flags(&node).await, ["first"]);
    let after = cursor(&node).await;
    let (before, after) = (cursor_parts(&before), cursor_parts(&after));
    assert_ne!(before[0], after[0], "the epoch is a new one");
    assert_eq!(before[1..], after[1..], "the content is the same");
    node.stop();
}
