//! What differs between the two databases: addresses, the set-up of a connection, how transactions begin, what an error means

use std::borrow::Cow;
use std::str::FromStr as _;

use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AnyConnection, Executor as _, Row as _};

use crate::store::StoreError;

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

    /// The address as the driver takes it
    pub(super) fn complete(self, address: &str) -> Cow<'_, str> {
        match self {
            // A first start makes the file; sqlx would refuse without being told.
            Self::Sqlite if !address.contains('?') => format!("{address}?mode=rwc").into(),
            _ => address.into(),
        }
    }

    /// The address of a database that is not to be made if there is none
    pub(super) fn existing(self, address: &str) -> Cow<'_, str> {
        match self {
            Self::Sqlite if !address.contains('?') => format!("{address}?mode=rw").into(),
            _ => address.into(),
        }
    }

    /// What a connection is told before it is used
    pub(super) const fn set_up(self) -> &'static str {
        match self {
            // `FULL`: a revision that clients have seen must not be lost, or made anew with other content, by a power cut.
            Self::Sqlite => {
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON"
            }
            // A node that vanishes in the middle of a commit holds the environment's row: the server must notice soon.
            Self::Postgres => {
                "SET application_name = 'flagstaff'; SET lock_timeout = '10s'; SET statement_timeout = '20s'; \
                 SET idle_in_transaction_session_timeout = '20s'; \
                 SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
            }
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
        let is_out_of_reach = match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(refusal) => is_out_of_service(&**refusal),
            _ => false,
        };
        if is_out_of_reach {
            Self::Unreachable(error.into())
        } else if is_contention(&error) {
            Self::Contended(error)
        } else {
            Self::Database(error)
        }
    }
}

/// Whether the database can do nothing now, whatever it is asked
fn is_out_of_service(error: &dyn DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    let is_postgres = error
        .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
        .is_some();
    if is_postgres {
        // Connection failures, full disks and too many connections, shut-downs and cancelled statements, a standby.
        ["08", "53", "57"]
            .iter()
            .any(|class| code.starts_with(class))
            || code == "25006"
    } else {
        // SQLITE_IOERR and SQLITE_FULL with their extensions: the low byte is the primary code.
        matches!(code.parse::<u32>().map(|code| code & 0xff), Ok(10 | 13))
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

/// Whether the transaction lost against another one: serialisation, deadlock, a lock not got in time; `SQLITE_BUSY`
fn is_contention(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(refusal) = error else {
        return false;
    };
    let code = refusal.code().unwrap_or_default();
    matches!(&*code, "40001" | "40P01" | "55P03")
        || code.parse::<u32>().is_ok_and(|code| code & 0xff == 5)
}
