//! A PostgreSQL of the tests' own, in a temporary folder, on a free port of the loopback; never the machine's

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::service::Service;

/// A running PostgreSQL; ends with this, or with the process
pub(crate) struct Cluster {
    port: u16,
    databases: AtomicU32,
    service: Service,
}

fn script(port: u16) -> Command {
    let mut command = if is_root() {
        // PostgreSQL refuses to run as root; Debian's package has made this user.
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    command
        .args(["-c", include_str!("postgres.sh"), "postgres.sh"])
        .arg(programs())
        .arg(port.to_string());
    command
}

impl Cluster {
    /// Makes one and starts it
    pub(crate) fn start() -> Self {
        let (service, port) = Service::start(script);
        Self {
            port,
            databases: AtomicU32::new(0),
            service,
        }
    }

    /// The one that tests share that do it no harm
    pub(crate) fn shared() -> &'static Self {
        static SHARED: LazyLock<Cluster> = LazyLock::new(Cluster::start);
        &SHARED
    }

    /// The address of a new, empty database
    pub(crate) async fn database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute("postgres", &format!("CREATE DATABASE {name}"))
            .await;
        self.address(&name)
    }

    /// The address of a database
    pub(crate) fn address(&self, name: &str) -> String {
        format!("postgres://flagstaff:secret@127.0.0.1:{}/{name}", self.port)
    }

    /// Runs a statement
    pub(crate) async fn execute(&self, database: &str, statement: &str) {
        execute(&self.address(database), statement).await;
    }

    /// Ends it as a power cut would
    pub(crate) fn crash(&self) {
        self.service.tell("crash");
    }

    /// Starts it again, with what was committed
    pub(crate) fn restart(&self) {
        self.service.tell("start");
    }

    /// Lets it take connections and answer nothing
    pub(crate) fn freeze(&self) {
        self.service.tell("freeze");
    }

    /// Lets it go on
    pub(crate) fn thaw(&self) {
        self.service.tell("thaw");
    }
}

/// Runs a statement in the database at an address
pub(crate) async fn execute(address: &str, statement: &str) {
    let mut connection = PgConnection::connect(address).await.unwrap();
    connection
        .execute(sqlx::AssertSqlSafe(statement))
        .await
        .unwrap();
    connection.close().await.unwrap();
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Where PostgreSQL's programs are; Debian has them in a folder for each version, off the PATH
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let debian = versions.filter_map(|entry| {
        let version: u32 = entry.as_ref().ok()?.file_name().to_str()?.parse().ok()?;
        Some((version, entry.ok()?.path().join("bin")))
    });
    let newest = debian
        .max_by_key(|(version, _)| *version)
        .map(|(_, path)| path);
    let path = std::env::var_os("PATH").unwrap_or_default();
    newest
        .into_iter()
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
        .expect("PostgreSQL is not installed: make setup")
}
