//! A PostgreSQL of the tests' own, in a temporary folder, on a free port of the loopback; never the machine's

use std::net::Ipv4Addr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::net::TcpListener;

use super::database::execute;
use super::service::Service;

/// A running PostgreSQL; ends with this, or with the process
pub(crate) struct Cluster {
    port: u16,
    databases: AtomicU32,
    service: Service,
}

impl Cluster {
    /// Makes one and starts it
    pub(crate) fn start() -> Self {
        let (service, port) = Service::start("postgres");
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

    /// Takes so many connections in its place, after a crash, and cuts each
    pub(crate) async fn cut_connections(&self, count: usize) {
        let address = (Ipv4Addr::LOCALHOST, self.port);
        let listener = TcpListener::bind(address).await.unwrap();
        for _ in 0..count {
            drop(listener.accept().await.unwrap());
        }
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
