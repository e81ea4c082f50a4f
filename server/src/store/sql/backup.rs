//! Copies of an SQLite database: a backup of one that is in use, and one that takes the place of another
//!
//! A copy has a lineage of its own: what clients hold of the database that it was made from says nothing of what the copy becomes.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use super::dialect::Dialect;
use super::heads::random_epoch;
use crate::store::StoreError;

/// How long a database is waited for that somebody writes
const BUSY: Duration = Duration::from_secs(5);

/// Why there is no backup, or nothing was restored
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    #[error("the address of the database: {0}")]
    Address(#[source] StoreError),
    #[error(
        "this is for SQLite; PostgreSQL is backed up with `pg_dump` and restored with `pg_restore` (docs/operations.md)"
    )]
    NotSqlite,
    #[error("the database is in memory")]
    InMemory,
    #[error("`{}` exists already", .0.display())]
    Exists(PathBuf),
    #[error("`{}` is not a database of Flagstaff: {cause}", file.display())]
    NotOurs { file: PathBuf, cause: sqlx::Error },
    #[error("the database `{}` is in use: stop the server first", .0.display())]
    InUse(PathBuf),
    #[error(
        "the old database cannot be read, so nothing says whether a server uses it: {cause}; if none does, move `{}` and the files \
         beside it that begin with its name away, and restore again", file.display()
    )]
    OldUnreadable { file: PathBuf, cause: sqlx::Error },
    #[error(
        "`{}` belongs to another database and would be taken for a part of the restored one: move it away",
        .0.display()
    )]
    LeftOver(PathBuf),
    #[error("cannot write `{}`: {cause}", file.display())]
    Write { file: PathBuf, cause: sqlx::Error },
    #[error("`{}`: {cause}", file.display())]
    Io { file: PathBuf, cause: io::Error },
}

/// Copies the database at an address into a new file, as it is at one instant; the server may be running
pub(crate) async fn backup(address: &str, file: &Path) -> Result<(), BackupError> {
    let database = file_of(address)?;
    if file.exists() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let copy = Unfinished::beside(file)?;
    copy.fill_from(&database).await?;
    copy.take_place(file)
}

/// Puts a copy of a backup in the place of the database at an address, which no server may be using; answers where the database is
/// that was there
pub(crate) async fn restore(file: &Path, address: &str) -> Result<Option<PathBuf>, BackupError> {
    let database = file_of(address)?;
    // Of a link, what it leads to is replaced.
    let database = fs::canonicalize(&database).unwrap_or(database);
    let copy = Unfinished::beside(&database)?;
    copy.fill_from(file).await?;
    if !database.exists() {
        refuse_left_over(&database)?;
        copy.take_place(&database)?;
        return Ok(None);
    }
    // Until the end, so that no server opens the old one meanwhile.
    let held = hold(&database).await?;
    refuse_left_over(&database)?;
    copy.become_like(&database)?;
    let kept = keep(&database)?;
    copy.take_place(&database)?;
    // Nothing was written to it, so there is nothing to fail.
    drop(held.close().await);
    Ok(Some(kept))
}

fn file_of(address: &str) -> Result<PathBuf, BackupError> {
    if Dialect::of(address).map_err(BackupError::Address)? != Dialect::Sqlite {
        return Err(BackupError::NotSqlite);
    }
    let options = SqliteConnectOptions::from_str(address)
        .map_err(|error| BackupError::Address(error.into()))?;
    let file = options.get_filename().to_owned();
    // In memory it has a made-up name, which is that of no file.
    if address.contains(":memory:") || address.contains("mode=memory") {
        return Err(BackupError::InMemory);
    }
    Ok(file)
}

/// The database, with nobody else in it, and whole in its one file
async fn hold(database: &Path) -> Result<SqliteConnection, BackupError> {
    let unreadable = |cause: sqlx::Error| {
        if is_busy(&cause) {
            return BackupError::InUse(database.to_owned());
        }
        let file = database.to_owned();
        BackupError::OldUnreadable { file, cause }
    };
    let options = SqliteConnectOptions::new()
        .filename(database)
        .busy_timeout(Duration::ZERO);
    let mut connection = options.connect().await.map_err(unreadable)?;
    // Leaving the write-ahead log takes that no other connection has the database open, also one that does nothing.
    let mode = sqlx::query("PRAGMA journal_mode = DELETE")
        .fetch_one(&mut connection)
        .await
        .and_then(|row| row.try_get::<String, _>(0))
        .map_err(unreadable)?;
    if mode != "delete" {
        return Err(BackupError::InUse(database.to_owned()));
    }
    sqlx::query("BEGIN EXCLUSIVE")
        .execute(&mut connection)
        .await
        .map_err(unreadable)?;
    Ok(connection)
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    // SQLITE_BUSY and SQLITE_LOCKED with their extensions.
    code.and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

/// Refuses to put a database beside a log or journal that SQLite would apply to it
fn refuse_left_over(database: &Path) -> Result<(), BackupError> {
    let mut left_over = ["-wal", "-journal"]
        .map(|end| with(database, end))
        .into_iter();
    let found = left_over.find(|file| fs::metadata(file).is_ok_and(|it| it.len() > 0));
    found.map_or(Ok(()), |file| Err(BackupError::LeftOver(file)))
}

/// Gives a database a second name, by which it stays when another takes the first
fn keep(database: &Path) -> Result<PathBuf, BackupError> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let kept = with(database, &format!(".before-restore-{}", since.as_millis()));
    // Where the file system knows no links.
    let link = || fs::hard_link(database, &kept).or_else(|_| fs::copy(database, &kept).map(drop));
    match link() {
        Ok(()) => Ok(kept),
        Err(cause) => Err(BackupError::Io { file: kept, cause }),
    }
}

fn with(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// A copy that is being made; gone again unless it takes its place
struct Unfinished(PathBuf);

impl Unfinished {
    /// An empty file beside the one that it is to become, which only its owner may read: it holds hashes of keys and signing secrets
    fn beside(file: &Path) -> Result<Self, BackupError> {
        let copy = with(file, &format!(".unfinished-{:016x}", rand::random::<u64>()));
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&copy);
        match made {
            Ok(_) => Ok(Self(copy)),
            Err(cause) => Err(BackupError::Io { file: copy, cause }),
        }
    }

    /// Copies what a database holds at one instant, and gives the copy a lineage of its own
    async fn fill_from(&self, source: &Path) -> Result<(), BackupError> {
        let not_ours = |cause| {
            let file = source.to_owned();
            BackupError::NotOurs { file, cause }
        };
        let write = |cause| {
            let file = self.0.clone();
            BackupError::Write { file, cause }
        };
        // `VACUUM` writes nothing to what it copies, but a log that a server left is read through files that must be there.
        let options = SqliteConnectOptions::new()
            .filename(source)
            .busy_timeout(BUSY);
        let mut connection = options.connect().await.map_err(not_ours)?;
        sqlx::query("SELECT value FROM meta WHERE name = 'epoch'")
            .fetch_one(&mut connection)
            .await
            .map_err(not_ours)?;
        sqlx::query("VACUUM INTO $1")
            .bind(self.0.to_string_lossy().into_owned())
            .execute(&mut connection)
            .await
            .map_err(write)?;
        drop(connection.close().await);
        let copy = SqliteConnectOptions::new().filename(&self.0);
        let mut copy = copy.connect().await.map_err(write)?;
        sqlx::query("UPDATE meta SET value = $1 WHERE name = 'epoch'")
            .bind(random_epoch())
            .execute(&mut copy)
            .await
            .map_err(write)?;
        copy.close().await.map_err(write)
    }

    /// Takes over owner and rights of the file whose place it takes
    fn become_like(&self, file: &Path) -> Result<(), BackupError> {
        let like = || {
            let old = fs::metadata(file)?;
            fs::set_permissions(&self.0, Permissions::from_mode(old.mode() & 0o777))?;
            chown(&self.0, Some(old.uid()), Some(old.gid()))
        };
        like().map_err(|cause| BackupError::Io {
            file: self.0.clone(),
            cause,
        })
    }

    /// Gets its name, and is there after a power cut too
    fn take_place(self, file: &Path) -> Result<(), BackupError> {
        let place = || {
            File::open(&self.0)?.sync_all()?;
            fs::rename(&self.0, file)?;
            let directory = file.parent().filter(|it| !it.as_os_str().is_empty());
            File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
        };
        place().map_err(|cause| BackupError::Io {
            file: file.to_owned(),
            cause,
        })
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After it has taken its place there is nothing of this name.
        drop(fs::remove_file(&self.0));
    }
}
