//! What differs between the two databases: addresses, the set-up of a connection, how transactions begin, what an error means

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AnyConnection, Executor as _, Row as _};
use tokio::time::error::Elapsed;

use crate::store::StoreError;

/// For how long SQLite waits for a lock that another program holds; twice that is below 5 seconds, which a caller may be kept waiting
pub(super) const LOCK: Duration = Duration::from_secs(2);

/// Which database
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The database that an address is of
    pub(super) fn of(address: &str) -> Result<Self, StoreError> {
        match address.split_once(':') {
            Some(("sqlite", _)) => Ok(Self::Sqlite),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres),
            _ => Err(StoreError::Address),
        }
    }

    /// What a connection is told before it is used
    pub(super) const fn set_up(self) -> &'static str {
        match self {
            // `FULL`: a revision that clients have seen must not be lost, or made anew with other content, by a power cut.
            Self::Sqlite => {
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000; PRAGMA foreign_keys = ON"
            }
            // A node that vanishes in the middle of a commit holds the environment's row: the server must notice soon.
            Self::Postgres => {
                "SET application_name = 'flagstaff'; SET lock_timeout = '10s'; SET statement_timeout = '20s'; \
                 SET idle_in_transaction_session_timeout = '20s'; \
                 SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
            }
        }
    }

    /// What it means that a statement had not ended when time was up
    pub(super) fn too_late(self, elapsed: Elapsed) -> StoreError {
        match self {
            // Nothing is between here and the file.
            Self::Sqlite => StoreError::TooSlow,
            // It has a limit of its own, which is shorter: it would have said so.
            Self::Postgres => StoreError::Unreachable(elapsed.into()),
        }
    }

    /// Begins a transaction of one consistent view
    pub(super) const fn begin_reading(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            // By default each statement would see another state.
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        }
    }

    /// Begins a transaction that takes the lock of what it changes first
    pub(super) const fn begin_writing(self) -> &'static str {
        match self {
            // A transaction that begins by reading would fail to upgrade.
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// What a transaction runs to be announced when it is committed, and only then
    pub(super) const fn announce(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("NOTIFY flagstaff"),
        }
    }

    /// What a transaction runs before it changes which unknown flags are kept, where several could at once
    pub(super) const fn lock_unknown_flags(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("LOCK TABLE unknown_flag IN SHARE ROW EXCLUSIVE MODE"),
        }
    }

    /// Refuses a database that could not hold what will be written
    pub(super) async fn check(self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        if self == Self::Sqlite {
            return Ok(());
        }
        let row = connection
            .fetch_one("SELECT current_setting('server_encoding')")
            .await?;
        match row.try_get(0)? {
            "UTF8" => Ok(()),
            other => Err(StoreError::Encoding(other.to_owned())),
        }
    }
}

/// An address without what is secret in it
pub(crate) fn redacted(address: &str) -> String {
    match Dialect::of(address) {
        Ok(Dialect::Sqlite) => address.to_owned(),
        Ok(Dialect::Postgres) => PgConnectOptions::from_str(address).map_or_else(
            |_| "postgres:…".to_owned(),
            |options| {
                let (host, port) = (options.get_host(), options.get_port());
                let name = options.get_database().unwrap_or(options.get_username());
                format!("postgres://{host}:{port}/{name}")
            },
        ),
        // It may be anything, a token among others.
        Err(_) => "…".to_owned(),
    }
}

/// Rows of a statement that writes many
pub(super) fn rows_of_a_statement(connection: &AnyConnection) -> usize {
    if connection.backend_name() == "SQLite" {
        // The driver asks for the name of each parameter, and SQLite looks through all of them for it: of few rows that is little. No
        // statement waits for a network.
        32
    } else {
        // With nine columns well below the 65,535 parameters of PostgreSQL.
        500
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let meaning = match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Meaning::Unreachable,
            sqlx::Error::Database(refusal) => meaning(&**refusal),
            _ => Meaning::Other,
        };
        match meaning {
            Meaning::Contended => Self::Contended(error),
            Meaning::Full => Self::Full(error),
            Meaning::Locked => Self::Locked(error),
            Meaning::Other => Self::Database(error),
            Meaning::TooSlow => Self::TooSlow,
            Meaning::Unreachable => Self::Unreachable(error.into()),
        }
    }
}

/// What an error of a database means for who asked
enum Meaning {
    Contended,
    Full,
    Locked,
    Other,
    TooSlow,
    Unreachable,
}

fn meaning(error: &dyn DatabaseError) -> Meaning {
    let code = error.code().unwrap_or_default();
    let is_postgres = error
        .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
        .is_some();
    if is_postgres {
        match &*code {
            // Serialisation, deadlock, a lock not got in time.
            "40001" | "40P01" | "55P03" => Meaning::Contended,
            "53100" => Meaning::Full,
            // `statement_timeout`, among others.
            "57014" => Meaning::TooSlow,
            // A standby.
            "25006" => Meaning::Unreachable,
            // Connection failures, too many connections, shut-downs.
            code if ["08", "53", "57"]
                .iter()
                .any(|class| code.starts_with(class)) =>
            {
                Meaning::Unreachable
            }
            _ => Meaning::Other,
        }
    } else {
        // The low byte of an extended code is the primary one.
        match code.parse::<u32>().map(|code| code & 0xff) {
            // SQLITE_BUSY, SQLITE_LOCKED
            Ok(5 | 6) => Meaning::Locked,
            Ok(13) => Meaning::Full,
            // SQLITE_PERM, SQLITE_READONLY, SQLITE_IOERR, SQLITE_CANTOPEN
            Ok(3 | 8 | 10 | 14) => Meaning::Unreachable,
            _ => Meaning::Other,
        }
    }
}

/// Whether the database refused a statement for the values in it, so that one with other values may be taken
pub(super) fn is_refusal_of_values(error: &StoreError) -> bool {
    let StoreError::Database(sqlx::Error::Database(refusal)) = error else {
        return false;
    };
    let code = refusal.code().unwrap_or_default();
    let is_postgres = refusal
        .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
        .is_some();
    if is_postgres {
        // A row that is there twice, data, constraints, and what is too large for an index.
        ["21", "22", "23", "54"]
            .iter()
            .any(|class| code.starts_with(class))
    } else {
        // SQLITE_TOOBIG, SQLITE_CONSTRAINT and SQLITE_MISMATCH.
        matches!(code.parse::<u32>().map(|code| code & 0xff), Ok(18..=20))
    }
}
