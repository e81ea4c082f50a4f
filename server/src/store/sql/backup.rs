//! Backup and restoration of an SQLite database
//!
//! A copy gets a new epoch: the cursors that clients hold from the original are not valid for it.

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

/// How long to wait for a database that is being written
const BUSY: Duration = Duration::from_secs(5);

/// Why a backup or a restoration failed
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

/// Copies the database at a URL into a new file, as it is at one instant; the server may be running
pub(crate) async fn backup(address: &str, file: &Path) -> Result<(), BackupError> {
    let database = file_of(address)?;
    if file.exists() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let copy = Unfinished::beside(file)?;
    copy.fill_from(&database).await?;
    copy.take_place(file)
}

/// Replaces the database at a URL by a copy of a backup; no server may be using it. Returns where the replaced database is kept
pub(crate) async fn restore(file: &Path, address: &str) -> Result<Option<PathBuf>, BackupError> {
    let database = file_of(address)?;
    // If it is a link, its target is replaced.
    let database = fs::canonicalize(&database).unwrap_or(database);
    let copy = Unfinished::beside(&database)?;
    copy.fill_from(file).await?;
    if !database.exists() {
        refuse_left_over(&database)?;
        copy.take_place(&database)?;
        return Ok(None);
    }
    // Held to the end, so that no server opens the old database meanwhile.
    let held = hold(&database).await?;
    refuse_left_over(&database)?;
    copy.become_like(&database)?;
    let kept = keep(&database)?;
    copy.take_place(&database)?;
    // Nothing was written, so closing cannot lose anything.
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
    // A database in memory has a made-up name that is not a file's.
    if address.contains(":memory:") || address.contains("mode=memory") {
        return Err(BackupError::InMemory);
    }
    Ok(file)
}

/// Opens the database exclusively, with everything in its one file
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
    // SQLite leaves write-ahead logging only if no other connection is open, not even an idle one.
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
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    // SQLITE_BUSY and SQLITE_LOCKED, with their extended codes.
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

/// Gives a database a second name, under which it stays when another one takes its first
fn keep(database: &Path) -> Result<PathBuf, BackupError> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let kept = with(database, &format!(".before-restore-{}", since.as_millis()));
    // If the file system has no hard links, copy.
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

/// A copy in progress, which is deleted unless it is completed
struct Unfinished(PathBuf);

impl Unfinished {
    /// An empty file beside the final one, readable only by its owner: it will contain hashes of keys, and signing secrets
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

    /// Copies the content of a database at one instant, with a new epoch
    async fn fill_from(&self, source: &Path) -> Result<(), BackupError> {
        let not_ours = |cause| {
            let file = source.to_owned();
            BackupError::NotOurs { file, cause }
        };
        let write = |cause| {
            let file = self.0.clone();
            BackupError::Write { file, cause }
        };
        // `VACUUM` writes nothing to its source, but reading a write-ahead log that a server left needs files that it must be able to
        // create.
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

    /// Takes over the owner and mode of the file that it replaces
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

    /// Renames it to its final name, durably
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
        // Once renamed, there is no file with this name.
        drop(fs::remove_file(&self.0));
    }
}
