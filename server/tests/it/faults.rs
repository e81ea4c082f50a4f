//! What goes wrong below a server: a disk that is full, a lock that another program holds, reads that do not end, a file that is gone

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use axum::http::StatusCode;
use flagstaff_server::store::Store as _;
use reqwest::Response;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::live::PATIENCE;
use crate::metrics::scrape;
use crate::nodes::{SNAPSHOT, on, put, until_store_is};
use crate::postgres::Cluster;
use crate::process::{ADMIN, Process};
use crate::store;
use crate::support::{Database, FLAGS, http};

const KEYS: [&str; 4] = ["--admin-token", ADMIN, "--server-key", "server"];
/// Connections for what people read
const READERS: usize = 4;

/// Waits until something is so
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.unwrap_or_else(|_| panic!("waited in vain until {what}"));
}

async fn ready(server: &Process) -> Value {
    let (status, ready) = server.get("/readyz", "").await;
    assert_eq!(status, StatusCode::OK, "{ready}");
    ready
}

async fn until_writes_are(server: &Process, expected: &str) {
    let is_so = async || ready(server).await["writes"] == expected;
    until(&format!("writes are {expected}"), is_so).await;
}

async fn metric(server: &Process, name: &str) -> f64 {
    let samples = scrape(&format!("{}/metrics", server.address)).await;
    samples.get(name).copied().unwrap_or_default()
}

async fn evaluate(server: &Process, flag: &str) {
    let request = http()
        .post(format!("{}/ofrep/v1/evaluate/flags/{flag}", server.address))
        .bearer_auth("server");
    let body = json!({"context": {"targetingKey": "u"}});
    let answer = request.body(body.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

async fn assert_unavailable(answer: Response, expected: &str) {
    let status = answer.status();
    let problem = answer.text().await.unwrap();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
    assert!(problem.contains(expected), "{expected}: {problem}");
}

fn flag() -> Value {
    json!({"enabled": true})
}

/// A connection of another program to the database of a server
async fn other_program(folder: &Path) -> SqliteConnection {
    let address = format!("sqlite://{}", folder.join("flags.db").display());
    SqliteConnection::connect(&address).await.unwrap()
}

/// Takes all room that is left on a disk, until the file is removed
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    for size in [1 << 16, 1 << 12, 1] {
        while file.write_all(&vec![b'x'; size]).is_ok() {}
    }
}

#[tokio::test]
async fn a_full_disk_stops_writes_until_there_is_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let Some(server) = Process::start_on_small_disk(folder.path(), 4_096, &KEYS) else {
        return;
    };
    on(&server, "before").await;
    let root = PathBuf::from(format!("/proc/{}/root", server.id()));
    let disk = root.join(folder.path().strip_prefix("/").unwrap());
    let filler = disk.join("disk/filler");
    fill(&filler);
    // Nobody writes: counts of evaluations are stored now and then.
    evaluate(&server, "before").await;
    until_writes_are(&server, "down").await;
    assert_eq!(ready(&server).await["store"], "up", "it can be read");
    assert!(metric(&server, "flagstaff_store_writes_up").await < 1.0);
    let full = r#"flagstaff_store_write_failures_total{reason="full"}"#;
    assert!(metric(&server, full).await >= 1.0);
    for _ in 0..3 {
        let answer = put(&server, "during", &flag()).await.unwrap();
        assert_unavailable(answer, "the disk of the database is full").await;
    }
    assert_eq!(server.get(SNAPSHOT, "server").await.0, StatusCode::OK);

    fs::remove_file(&filler).unwrap();
    on(&server, "after").await;
    until_writes_are(&server, "up").await;
    fill(&filler);
    let answer = put(&server, "again", &flag()).await.unwrap();
    assert_unavailable(answer, "the disk of the database is full").await;
    assert_eq!(ready(&server).await["writes"], "down");
    // Nobody writes, and yet it is noticed that one could.
    fs::remove_file(&filler).unwrap();
    until_writes_are(&server, "up").await;
    let (_, stderr) = server.stop();
    assert_eq!(
        stderr.matches("writes to the database fail").count(),
        2,
        "{stderr}"
    );
    assert_eq!(stderr.matches("succeed again").count(), 2, "{stderr}");
}

#[tokio::test]
async fn a_lock_that_another_program_holds_is_told_and_waited_for_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &KEYS);
    on(&server, "before").await;
    let mut other = other_program(folder.path()).await;
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    // Each alone waits for the lock; all of them must not wait one after the other.
    let write = async |index: usize| put(&server, &format!("flag{index}"), &flag()).await;
    let answers = futures_util::future::join_all((0..10).map(write)).await;
    for answer in answers {
        let answer = answer.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let retry = answer.headers()["retry-after"].to_str().unwrap();
        assert!((1..=5).contains(&retry.parse::<u32>().unwrap()));
        assert!(answer.text().await.unwrap().contains("nothing was stored"));
    }
    let locked = r#"flagstaff_store_write_failures_total{reason="locked"}"#;
    let tries = metric(&server, locked).await;
    assert!(
        (1.0..=20.0).contains(&tries),
        "{tries} tries of ten writes and of looks"
    );
    let told = ready(&server).await;
    assert_eq!(
        (&told["store"], &told["writes"]),
        (&json!("up"), &json!("down"))
    );
    assert_eq!(server.get(SNAPSHOT, "server").await.0, StatusCode::OK);
    let answer = put(&server, "during", &flag()).await.unwrap();
    assert_unavailable(answer, "another program holds the lock").await;
    other.execute("ROLLBACK").await.unwrap();
    on(&server, "after").await;
    assert_eq!(ready(&server).await["writes"], "up");
}

#[tokio::test]
async fn a_write_waits_for_a_long_one_and_is_not_refused() {
    let database = Database::new();
    let sqlite = database.open().await;
    let changes = (0..20_000).map(|index| store::put(&format!("flag{index}"), "{}", None));
    let mut long = pin!(sqlite.commit(store::commit(1, 0, changes.collect())));
    let mut other = SqliteConnection::connect(database.address()).await.unwrap();
    other.execute("PRAGMA busy_timeout = 0").await.unwrap();
    while other.execute("BEGIN IMMEDIATE; ROLLBACK").await.is_ok() {
        let a_while = Duration::from_millis(1);
        assert!(tokio::time::timeout(a_while, &mut long).await.is_err());
    }
    // From here on the long one has the lock, and goes on only when it is awaited again.
    let change = vec![store::put("short", "{}", None)];
    let mut short = pin!(sqlite.commit(store::commit(2, 0, change)));
    let longer_than_a_connection_is_waited_for = Duration::from_secs(4);
    let waited = tokio::time::timeout(longer_than_a_connection_is_waited_for, &mut short).await;
    assert!(waited.is_err(), "{waited:?}");
    assert_eq!(long.await.unwrap(), 1);
    assert_eq!(short.await.unwrap(), 1);
}

/// So many callers ask for something that does not end, again and again if they are sent away
fn ask_for_usage(server: &Process, callers: usize) -> tokio::task::JoinSet<()> {
    let url = format!("{}{FLAGS}/before/usage", server.address);
    let mut reads = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let url = url.clone();
        reads.spawn(async move {
            loop {
                let _ = http().get(&url).bearer_auth(ADMIN).send().await;
            }
        });
    }
    reads
}

/// Waits until a node has looked where its store is, after now, and has found it there each time
async fn until_it_has_looked(server: &Process) {
    let stale = async || {
        let ready = ready(server).await;
        assert_eq!(ready["store"], "up");
        ready["staleMs"].as_u64().unwrap()
    };
    for _ in 0..3 {
        let before = std::cell::Cell::new(stale().await);
        let is_fresher = async || {
            let now = stale().await;
            now < before.replace(now)
        };
        until("the node has looked again", is_fresher).await;
    }
}

/// Threads of a server that are busy in SQLite
fn busy_threads(server: &Process) -> usize {
    let threads = fs::read_dir(format!("/proc/{}/task", server.id())).unwrap();
    let stat = |thread: std::io::Result<fs::DirEntry>| {
        fs::read_to_string(thread.ok()?.path().join("stat")).ok()
    };
    let is_busy = |stat: &String| stat.contains("(sqlx-sqlite") && stat.contains(") R ");
    threads.filter_map(stat).filter(is_busy).count()
}

#[tokio::test]
async fn reads_that_do_not_end_hold_up_neither_writes_nor_the_look_at_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &KEYS);
    on(&server, "before").await;
    let mut other = other_program(folder.path()).await;
    let endless = "ALTER TABLE usage_hour RENAME TO counted; CREATE VIEW usage_hour AS WITH RECURSIVE one (n) AS \
         (SELECT 1 UNION ALL SELECT n + 1 FROM one) \
         SELECT -n AS environment_id, '' || n AS flag, n AS began_at, '' AS variant, n AS evaluations FROM one";
    other.execute(endless).await.unwrap();
    other.close().await.unwrap();
    let reads = ask_for_usage(&server, 3 * READERS);
    let all_busy = async || busy_threads(&server) >= READERS;
    until("all readers are busy", all_busy).await;
    until_it_has_looked(&server).await;
    on(&server, "after").await;
    let told = ready(&server).await;
    assert_eq!(
        (&told["store"], &told["writes"]),
        (&json!("up"), &json!("up"))
    );
    // The others wait, and the look at the store is busy only now and then.
    let no_more = async || busy_threads(&server) == READERS;
    until("no more than the readers are busy", no_more).await;
    drop(reads);
}

#[tokio::test]
async fn a_look_that_does_not_end_is_no_outage_and_writes_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &KEYS);
    on(&server, "before").await;
    let mut other = other_program(folder.path()).await;
    let endless = "ALTER TABLE meta RENAME TO told; CREATE VIEW meta AS SELECT name, value FROM told UNION ALL \
         SELECT '' || n, '' FROM (WITH RECURSIVE one (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one) SELECT n FROM one)";
    other.execute(endless).await.unwrap();
    other.close().await.unwrap();
    // One look has not ended in time, and another one has not had its turn.
    let two_have_failed = async || {
        let told = ready(&server).await;
        assert_eq!(told["store"], "up");
        told["staleMs"].as_u64().unwrap() > 7_000
    };
    until("two looks have failed", two_have_failed).await;
    on(&server, "after").await;
}

#[tokio::test]
async fn reads_that_do_not_end_hold_up_neither_writes_nor_the_look_at_postgresql() {
    let cluster = Cluster::shared();
    let database = cluster.database().await;
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start_on(&database, folder.path(), &KEYS);
    on(&server, "before").await;
    let mut other = sqlx::PgConnection::connect(&database).await.unwrap();
    let lock = "BEGIN; LOCK TABLE usage_hour IN ACCESS EXCLUSIVE MODE";
    other.execute(lock).await.unwrap();
    let _reads = ask_for_usage(&server, 3 * READERS);
    let waiting =
        "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'usage_hour'::regclass";
    let other = tokio::sync::Mutex::new(other);
    let all_wait = async || {
        let mut other = other.lock().await;
        let count: i64 = sqlx::query_scalar(waiting)
            .fetch_one(&mut *other)
            .await
            .unwrap();
        usize::try_from(count).unwrap() >= READERS
    };
    until("all readers wait", all_wait).await;
    for _ in 0..4 {
        until_it_has_looked(&server).await;
    }
    on(&server, "after").await;
    assert_eq!(ready(&server).await["store"], "up");
}

#[tokio::test]
async fn a_database_file_that_is_gone_is_noticed_and_takes_no_writes() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &KEYS);
    on(&server, "before").await;
    let [file, away, copy] =
        ["flags.db", "away.db", "copy.db"].map(|name| folder.path().join(name));
    fs::rename(&file, &away).unwrap();
    let answer = put(&server, "during", &flag()).await.unwrap();
    // What it is told depends on whether the node has looked already.
    assert_unavailable(answer, "the database").await;
    until_store_is(&server, "down").await;
    assert_eq!(server.get(SNAPSHOT, "server").await.0, StatusCode::OK);
    assert!(!file.exists(), "nobody makes a new one in its place");
    fs::rename(&away, &file).unwrap();
    until_store_is(&server, "up").await;
    on(&server, "between").await;

    // As a restored backup comes, under a server that runs.
    fs::copy(&file, &copy).unwrap();
    fs::rename(&file, &away).unwrap();
    fs::rename(&copy, &file).unwrap();
    let answer = put(&server, "during", &flag()).await.unwrap();
    assert_unavailable(answer, "the database").await;
    until_store_is(&server, "down").await;
    fs::rename(&away, &file).unwrap();
    until_store_is(&server, "up").await;
    on(&server, "after").await;
    let (_, stderr) = server.stop();
    assert!(
        stderr.contains("flags.db` was deleted or replaced"),
        "{stderr}"
    );
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn nobody_else_can_read_the_database_file() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["flags.db", "flags.db-wal", "flags.db-shm"].map(|name| folder.path().join(name));
    let assert_modes = async |before: Option<u32>, expected: u32| {
        if let Some(before) = before {
            fs::set_permissions(&files[0], fs::Permissions::from_mode(before)).unwrap();
        }
        let server = Process::start(folder.path(), &KEYS);
        on(&server, &format!("flag-{expected:o}-{}", before.is_some())).await;
        assert_eq!(files.each_ref().map(|file| mode(file)), [expected; 3]);
        server.stop().1
    };
    assert_modes(None, 0o600).await;
    // As a release before this one left it.
    let stderr = assert_modes(Some(0o644), 0o600).await;
    assert!(stderr.contains("flags.db"), "{stderr}");
    // Somebody has given it to a group, and to nobody else.
    assert_modes(Some(0o640), 0o640).await;

    // One that was killed leaves its log, as readable as it was.
    let server = Process::start(folder.path(), &KEYS);
    on(&server, "killed").await;
    server.kill();
    for file in &files {
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    }
    let server = Process::start(folder.path(), &KEYS);
    assert_eq!(files.each_ref().map(|file| mode(file)), [0o600; 3]);
    drop(server);
}
