//! The differences between the two databases: URLs, connection set-up, the begin of transactions, and the meaning of errors

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AnyConnection, Executor as _, Row as _};
use tokio::time::error::Elapsed;

use crate::store::StoreError;

/// How long SQLite waits for a lock of another program; twice this is below 5 seconds, the maximum that a caller waits
pub(super) const LOCK: Duration = Duration::from_secs(2);

/// The kind of database
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The kind of database of a URL
    pub(super) fn of(address: &str) -> Result<Self, StoreError> {
        match address.split_once(':') {
            Some(("sqlite", _)) => Ok(Self::Sqlite),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres),
            _ => Err(StoreError::Address),
        }
    }

    /// Statements that set up a connection
    pub(super) const fn set_up(self) -> &'static str {
        match self {
            // `FULL`: a power cut must not lose a revision that clients have seen, or let it be made again with other content.
            Self::Sqlite => {
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000; PRAGMA foreign_keys = ON"
            }
            // A node that disappears during a commit has the environment's row locked: the database must notice soon.
            Self::Postgres => {
                "SET application_name = 'flagstaff'; SET lock_timeout = '10s'; SET statement_timeout = '20s'; \
                 SET idle_in_transaction_session_timeout = '20s'; \
                 SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
            }
        }
    }

    /// The error for a statement that did not end in time
    pub(super) fn too_late(self, elapsed: Elapsed) -> StoreError {
        match self {
            // There is no network between this process and the file.
            Self::Sqlite => StoreError::TooSlow,
            // PostgreSQL has a shorter limit of its own and would have reported it, so the connection is lost.
            Self::Postgres => StoreError::Unreachable(elapsed.into()),
        }
    }

    /// Begins a transaction that reads one consistent state
    pub(super) const fn begin_reading(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            // By default each statement would read another state.
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        }
    }

    /// Begins a transaction that locks first what it will change
    pub(super) const fn begin_writing(self) -> &'static str {
        match self {
            // A transaction that begins by reading could fail to upgrade its lock.
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// A statement that announces the transaction when it is committed, and only then
    pub(super) const fn announce(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("NOTIFY flagstaff"),
        }
    }

    /// A statement that serialises changes of the unknown flags that are kept
    pub(super) const fn lock_unknown_flags(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("LOCK TABLE unknown_flag IN SHARE ROW EXCLUSIVE MODE"),
        }
    }

    /// A statement that serialises changes of the recorded attributes
    pub(super) const fn lock_attributes(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("LOCK TABLE attribute_seen IN SHARE ROW EXCLUSIVE MODE"),
        }
    }

    /// Refuses a database that cannot store everything that will be written
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

/// A URL without its secrets
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
        // It may be anything, even a token.
        Err(_) => "…".to_owned(),
    }
}

/// The number of rows in one statement
pub(super) fn rows_of_a_statement(connection: &AnyConnection) -> usize {
    if connection.backend_name() == "SQLite" {
        // For each parameter the driver asks SQLite for its name, which searches all of them: cheap only for few rows. No network round
        // trip is saved here.
        32
    } else {
        // With nineteen columns well below the 65,535 parameters of PostgreSQL.
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

/// What a database error means for the caller
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
            // Serialisation failure, deadlock, lock timeout.
            "40001" | "40P01" | "55P03" => Meaning::Contended,
            "53100" => Meaning::Full,
            // `statement_timeout`, among others.
            "57014" => Meaning::TooSlow,
            // A standby, which is read-only.
            "25006" => Meaning::Unreachable,
            // Connection failures, too many connections, shutdowns.
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

/// Whether the database refused the values of a statement, so that it may accept other values
pub(super) fn is_refusal_of_values(error: &StoreError) -> bool {
    let StoreError::Database(sqlx::Error::Database(refusal)) = error else {
        return false;
    };
    let code = refusal.code().unwrap_or_default();
    let is_postgres = refusal
        .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
        .is_some();
    if is_postgres {
        // Duplicate rows, invalid data, constraints, and values that are too large for an index.
        ["21", "22", "23", "54"]
            .iter()
            .any(|class| code.starts_with(class))
    } else {
        // SQLITE_TOOBIG, SQLITE_CONSTRAINT and SQLITE_MISMATCH.
        matches!(code.parse::<u32>().map(|code| code & 0xff), Ok(18..=20))
    }
}
