//! The file of an SQLite database: who may read it, and whether it is still the one that was opened

use std::borrow::Cow;
use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::OnceLock;

use sqlx::sqlite::SqliteConnectOptions;

use crate::store::StoreError;

/// Only who runs the server reads and writes it
const OURS: u32 = 0o600;
const GROUP: u32 = 0o070;
const OTHERS: u32 = 0o007;
/// What SQLite keeps beside a database, named after it, with the permissions of the database
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The file of a database
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    may_be_made: bool,
    // Device and number.
    opened: OnceLock<(u64, u64)>,
}

impl DatabaseFile {
    /// The file at an address, and the address as the driver is to take it; no file for a database in memory
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
        // The driver never makes a file: it would be one that everybody may read, or an empty one in the place of one that is gone.
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

    /// Does not make the file if there is none
    pub(super) fn must_exist(&mut self) {
        self.may_be_made = false;
    }

    /// Makes the file if there is none, for nobody else to read; what everybody may read is taken from them
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
        // What SQLite keeps beside a link is beside the file that the link leads to.
        let Ok(path) = fs::canonicalize(&self.path) else {
            // The driver says what is wrong.
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

    /// Remembers the file that is open now
    pub(super) fn remember(&self) -> Result<(), StoreError> {
        let metadata = fs::metadata(&self.path).map_err(|error| self.moved(error.into()))?;
        // If it was remembered before, that one is still open.
        let _ = self.opened.set((metadata.dev(), metadata.ino()));
        Ok(())
    }

    /// Refuses a file that is no longer the one that is open: what is written to that one is lost when it is closed
    ///
    /// It asks on the thread that it is called on: one look at a local file, which must not wait for whatever else is done elsewhere.
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

/// Takes a file from those who may read it only since nobody said that they must not
fn protect(path: &Path) {
    let Ok(metadata) = fs::metadata(path) else {
        return;
    };
    let mode = metadata.mode();
    let path_told = path.display();
    if !metadata.is_file() || mode & (GROUP | OTHERS) == 0 {
        return;
    }
    // A file that only a group may read besides was given to that group.
    if mode & OTHERS == 0 {
        tracing::info!("the group of `{path_told}` can read the database");
        return;
    }
    match fs::set_permissions(path, Permissions::from_mode(OURS)) {
        Ok(()) => tracing::warn!("everybody could read `{path_told}`: now only its owner can"),
        Err(error) => {
            tracing::warn!(%error, "everybody can read `{path_told}`, and it cannot be changed");
        }
    }
}
