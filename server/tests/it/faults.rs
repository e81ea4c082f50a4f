//! Faults below a server: a full disk, a lock of another program, endless reads, a deleted file

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use flagstaff_server::store::Store as _;
use serde_json::json;
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::metrics::scrape;
use crate::nodes::until_store_is;
use crate::store;
use crate::support::{ADMIN, Answer, Cluster, Database, Process, Requests as _, on, until};

const KEYS: [&str; 4] = ["--admin-token", ADMIN, "--server-key", "server"];
/// Connections for reads of the admin API
const READERS: usize = 4;

async fn ready(server: &Process) -> Answer {
    server.get("/readyz").anonymous().await.expect(200)
}

async fn until_writes_are(server: &Process, expected: &str) {
    let is_so = async || ready(server).await["writes"] == expected;
    until(&format!("writes are {expected}"), is_so).await;
}

async fn metric(server: &Process, name: &str) -> f64 {
    let samples = scrape(server).await;
    samples.get(name).copied().unwrap_or_default()
}

fn expect_unavailable(answer: Answer, expected: &str) {
    let problem = answer.expect(503).text;
    assert!(problem.contains(expected), "{expected}: {problem}");
}

/// A connection of another program to the database of a server
async fn other_program(folder: &Path) -> SqliteConnection {
    let address = format!("sqlite://{}", folder.join("flags.db").display());
    SqliteConnection::connect(&address).await.unwrap()
}

/// Fills a disk with a file
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
    server.put_flag("before", on()).await;
    let root = PathBuf::from(format!("/proc/{}/root", server.id()));
    let disk = root.join(folder.path().strip_prefix("/").unwrap());
    let filler = disk.join("disk/filler");
    fill(&filler);
    // No request writes, but counts of evaluations are stored from time to time.
    let context = json!({"context": {"targetingKey": "u"}});
    let evaluated = server.post("/ofrep/v1/evaluate/flags/before", context);
    evaluated.token("server").await.expect(200);
    until_writes_are(&server, "down").await;
    assert_eq!(ready(&server).await["store"], "up", "it can be read");
    assert!(metric(&server, "flagstaff_store_writes_up").await < 1.0);
    let full = r#"flagstaff_store_write_failures_total{reason="full"}"#;
    assert!(metric(&server, full).await >= 1.0);
    for _ in 0..3 {
        expect_unavailable(
            server.put("flags/during", on()).await,
            "the disk of the database is full",
        );
    }
    server.snapshot("server").await;

    fs::remove_file(&filler).unwrap();
    server.put_flag("after", on()).await;
    until_writes_are(&server, "up").await;
    fill(&filler);
    expect_unavailable(
        server.put("flags/again", on()).await,
        "the disk of the database is full",
    );
    assert_eq!(ready(&server).await["writes"], "down");
    // Without a write the node notices that writes would succeed.
    fs::remove_file(&filler).unwrap();
    until_writes_are(&server, "up").await;
    let (_, stderr) = server.stop();
    for text in ["writes to the database fail", "succeed again"] {
        assert_eq!(stderr.matches(text).count(), 2, "{stderr}");
    }
}

#[tokio::test]
async fn a_lock_of_another_program_is_reported_and_waited_for_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &KEYS);
    server.put_flag("before", on()).await;
    let mut other = other_program(folder.path()).await;
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    // Each write waits for the lock, and they must not wait one after the other.
    let write = |index: usize| server.put(&format!("flags/flag{index}"), on()).send();
    let answers = futures_util::future::join_all((0..10).map(write)).await;
    for answer in answers {
        let retry = answer.header("retry-after").parse::<u32>().unwrap();
        assert!((1..=5).contains(&retry));
        // Some waited for the lock, others for those that waited.
        let detail = answer.expect(503)["detail"].to_string();
        let reasons = ["another program holds the lock", "busy with other work"];
        assert!(
            reasons.iter().any(|reason| detail.contains(reason)),
            "{detail}"
        );
    }
    let locked = r#"flagstaff_store_write_failures_total{reason="locked"}"#;
    let tries = metric(&server, locked).await;
    assert!(
        (1.0..=20.0).contains(&tries),
        "{tries} tries of ten writes and of looks"
    );
    let state = ready(&server).await;
    assert_eq!(state["store"], "up");
    assert_eq!(state["writes"], "down");
    server.snapshot("server").await;
    expect_unavailable(
        server.put("flags/during", on()).await,
        "another program holds the lock",
    );
    other.execute("ROLLBACK").await.unwrap();
    server.put_flag("after", on()).await;
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
    // From here on the long write has the lock, and proceeds only when it is polled again.
    let change = vec![store::put("short", "{}", None)];
    let mut short = pin!(sqlite.commit(store::commit(2, 0, change)));
    let longer_than_a_connection_is_waited_for = Duration::from_secs(4);
    let waited = tokio::time::timeout(longer_than_a_connection_is_waited_for, &mut short).await;
    assert!(waited.is_err(), "{waited:?}");
    assert_eq!(long.await.unwrap(), 1);
    assert_eq!(short.await.unwrap(), 1);
}

/// Callers that ask for something that does not end, and ask again when they are refused
fn ask_for_usage(server: &Process, callers: usize) -> tokio::task::JoinSet<()> {
    let mut reads = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let address = server.address.clone();
        reads.spawn(async move {
            loop {
                let usage = address.get("flags/before/usage").token(ADMIN);
                let _ = usage.try_send().await;
            }
        });
    }
    reads
}

/// Waits until a node has polled its store several times from now on, with success
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
async fn endless_reads_block_neither_writes_nor_polls_of_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &KEYS);
    server.put_flag("before", on()).await;
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
    server.put_flag("after", on()).await;
    let state = ready(&server).await;
    assert_eq!(state["store"], "up");
    assert_eq!(state["writes"], "up");
    // The other reads wait, and polls of the store are short.
    let no_more = async || busy_threads(&server) == READERS;
    until("no more than the readers are busy", no_more).await;
    drop(reads);
}

#[tokio::test]
async fn a_poll_that_does_not_end_is_not_an_outage_and_writes_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &KEYS);
    server.put_flag("before", on()).await;
    let mut other = other_program(folder.path()).await;
    let endless = "ALTER TABLE meta RENAME TO renamed; CREATE VIEW meta AS SELECT name, value FROM renamed UNION ALL \
         SELECT '' || n, '' FROM (WITH RECURSIVE one (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one) SELECT n FROM one)";
    other.execute(endless).await.unwrap();
    other.close().await.unwrap();
    // One poll has not ended in time, and another one has not begun.
    let two_have_failed = async || {
        let state = ready(&server).await;
        assert_eq!(state["store"], "up");
        state["staleMs"].as_u64().unwrap() > 7_000
    };
    until("two looks have failed", two_have_failed).await;
    server.put_flag("after", on()).await;
}

#[tokio::test]
async fn endless_reads_block_neither_writes_nor_polls_of_postgresql() {
    let cluster = Cluster::shared();
    let database = cluster.database().await;
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start_on(&database, folder.path(), &KEYS);
    server.put_flag("before", on()).await;
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
    server.put_flag("after", on()).await;
    assert_eq!(ready(&server).await["store"], "up");
}

#[tokio::test]
async fn a_deleted_or_replaced_database_file_is_noticed_and_takes_no_writes() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &KEYS);
    server.put_flag("before", on()).await;
    let [file, away, copy] =
        ["flags.db", "away.db", "copy.db"].map(|name| folder.path().join(name));
    fs::rename(&file, &away).unwrap();
    // The message depends on whether the node has polled already.
    expect_unavailable(server.put("flags/during", on()).await, "the database");
    until_store_is(&server, "down").await;
    server.snapshot("server").await;
    assert!(!file.exists(), "nobody makes a new one in its place");
    fs::rename(&away, &file).unwrap();
    until_store_is(&server, "up").await;
    server.put_flag("between", on()).await;

    // A backup is restored under a running server.
    fs::copy(&file, &copy).unwrap();
    fs::rename(&file, &away).unwrap();
    fs::rename(&copy, &file).unwrap();
    expect_unavailable(server.put("flags/during", on()).await, "the database");
    until_store_is(&server, "down").await;
    fs::rename(&away, &file).unwrap();
    until_store_is(&server, "up").await;
    server.put_flag("after", on()).await;
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
async fn only_the_owner_can_read_the_database_file() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["flags.db", "flags.db-wal", "flags.db-shm"].map(|name| folder.path().join(name));
    let assert_modes = async |before: Option<u32>, expected: u32| {
        if let Some(before) = before {
            fs::set_permissions(&files[0], fs::Permissions::from_mode(before)).unwrap();
        }
        let server = Process::start(folder.path(), &KEYS);
        server
            .put_flag(&format!("flag-{expected:o}-{}", before.is_some()), on())
            .await;
        assert_eq!(files.each_ref().map(|file| mode(file)), [expected; 3]);
        server.stop().1
    };
    assert_modes(None, 0o600).await;
    // Readable for everybody, as another umask makes it.
    let stderr = assert_modes(Some(0o644), 0o600).await;
    assert!(stderr.contains("flags.db"), "{stderr}");
    // A mode that an operator has chosen for a group stays.
    assert_modes(Some(0o640), 0o640).await;

    // A killed server leaves its write-ahead log, whose mode is restricted too.
    let server = Process::start(folder.path(), &KEYS);
    server.put_flag("killed", on()).await;
    server.kill();
    for file in &files {
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    }
    let server = Process::start(folder.path(), &KEYS);
    assert_eq!(files.each_ref().map(|file| mode(file)), [0o600; 3]);
    drop(server);
}
