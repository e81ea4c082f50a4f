//! The file of an SQLite database: its permissions, and whether it is still the file that was opened

use std::borrow::Cow;
use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::OnceLock;

use sqlx::sqlite::SqliteConnectOptions;

use crate::store::StoreError;

/// Only the user that runs the server may read and write it
const OURS: u32 = 0o600;
const GROUP: u32 = 0o070;
const OTHERS: u32 = 0o007;
/// The files that SQLite keeps beside a database, with the same permissions
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The file of a database
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    may_be_made: bool,
    // Device and inode.
    opened: OnceLock<(u64, u64)>,
}

impl DatabaseFile {
    /// The file of a URL, and the URL for the driver; no file for a database in memory
    pub(super) fn at(address: &str) -> Result<(Option<Self>, String), StoreError> {
        let (name, query) = address.split_once('?').unwrap_or((address, ""));
        let pairs = || form_urlencoded::parse(query.as_bytes());
        let mode = pairs().find(is_mode).map(|(_, mode)| mode);
        let mode = mode.as_deref().unwrap_or("rwc");
        let options = SqliteConnectOptions::from_str(address)?;
        if mode == "memory" || name.ends_with(":memory:") {
            return Ok((None, address.to_owned()));
        }
        let may_be_made = mode == "rwc";
        // The driver must never create the file: everybody could read it, or it would be an empty one in place of one that was deleted.
        let mode = if may_be_made { "rw" } else { mode };
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs().filter(|pair| !is_mode(pair)));
        query.append_pair("mode", mode);
        let file = Self {
            path: options.get_filename().to_owned(),
            may_be_made,
            opened: OnceLock::new(),
        };
        Ok((Some(file), format!("{name}?{}", query.finish())))
    }

    /// Requires that the file exists
    pub(super) fn must_exist(&mut self) {
        self.may_be_made = false;
    }

    /// Creates the file if it does not exist, readable only by its owner, and removes the permissions of others from an existing one
    pub(super) fn protect(&self) -> Result<(), StoreError> {
        let mut new = OpenOptions::new();
        new.write(true).create_new(true).mode(OURS);
        if self.may_be_made {
            match new.open(&self.path) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(StoreError::Unreachable(error.into())),
            }
        }
        // SQLite keeps its other files beside the target of a link.
        let Ok(path) = fs::canonicalize(&self.path) else {
            // The driver reports the error.
            return Ok(());
        };
        protect(&path);
        for suffix in BESIDE {
            let mut name = path.clone().into_os_string();
            name.push(suffix);
            protect(Path::new(&name));
        }
        Ok(())
    }

    /// Remembers which file is open
    pub(super) fn remember(&self) -> Result<(), StoreError> {
        let metadata = fs::metadata(&self.path).map_err(|error| self.moved(error.into()))?;
        // If one is remembered already, that one is still open.
        let _ = self.opened.set((metadata.dev(), metadata.ino()));
        Ok(())
    }

    /// Fails if the file at the path is no longer the open one: whatever is written to the open one is lost when it is closed
    ///
    /// Blocks the calling thread for one look at a local file; it must not wait for other work.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let metadata = fs::metadata(&self.path).map_err(|error| self.moved(error.into()))?;
        let is_open = |opened: &(u64, u64)| *opened == (metadata.dev(), metadata.ino());
        if self.opened.get().is_none_or(is_open) {
            Ok(())
        } else {
            Err(self.moved("it is another file".into()))
        }
    }

    fn moved(&self, source: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
        StoreError::Moved {
            path: self.path.display().to_string(),
            source,
        }
    }
}

fn is_mode(pair: &(Cow<'_, str>, Cow<'_, str>)) -> bool {
    pair.0 == "mode"
}

/// Removes the permissions of other users
fn protect(path: &Path) {
    let Ok(metadata) = fs::metadata(path) else {
        return;
    };
    let mode = metadata.mode();
    let path_shown = path.display();
    if !metadata.is_file() || mode & (GROUP | OTHERS) == 0 {
        return;
    }
    // A file that a group may read and others may not was set up so on purpose.
    if mode & OTHERS == 0 {
        tracing::info!("the group of `{path_shown}` can read the database");
        return;
    }
    match fs::set_permissions(path, Permissions::from_mode(OURS)) {
        Ok(()) => tracing::warn!("everybody could read `{path_shown}`: now only its owner can"),
        Err(error) => {
            tracing::warn!(%error, "everybody can read `{path_shown}`, and it cannot be changed");
        }
    }
}
