//! A client of a file that is read again whenever it changes

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use flagstaff_core::Snapshot;

use crate::blocking::block_on;
use crate::current_snapshot::CurrentSnapshot;
use crate::error::{ClientError, chain};
use crate::session::Session;

/// The file is looked at this often; a look is one system call
const INTERVAL: Duration = Duration::from_millis(500);

/// What tells one version of a file from the next
type Version = (Option<SystemTime>, u64);

/// Reads the document of a file
pub(crate) fn read(path: &Path) -> Result<Snapshot, ClientError> {
    let document = fs::read_to_string(path).map_err(|source| ClientError::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(Snapshot::from_json(&document)?)
}

/// Starts the thread that reads the file again; it ends when the session is closed
pub(crate) fn spawn(path: PathBuf, current: Arc<CurrentSnapshot>, session: Arc<Session>) {
    let on_failure = Arc::clone(&session);
    let spawned = thread::Builder::new()
        .name("flagstaff".to_owned())
        .spawn(move || {
            run(&path, &current, &session);
            session.mark_ended(true);
        });
    if let Err(error) = spawned {
        on_failure.reset_start();
        log::error!("the file is not watched: cannot start a thread: {error}");
        on_failure.mark_unreachable(false);
    }
}

fn run(path: &Path, current: &CurrentSnapshot, session: &Session) {
    // The file may have changed since the client was made.
    let (mut seen, mut is_broken) = (None, false);
    loop {
        let version = version(path).ok();
        if version.is_none() || version != seen {
            match read(path) {
                Ok(snapshot) => {
                    is_broken = false;
                    publish(snapshot, current, session);
                }
                // The flags stay as they are.
                Err(error) => {
                    if !is_broken || version.is_some() {
                        log::warn!("the flags keep their last values: {}", chain(&error));
                    }
                    is_broken = true;
                    session.mark_unreachable(false);
                }
            }
            seen = version;
        }
        if block_on(session.closed(), INTERVAL).is_some() {
            return;
        }
    }
}

fn publish(snapshot: Snapshot, current: &CurrentSnapshot, session: &Session) {
    let changed = snapshot.changed_since(&current.load());
    current.swap(Arc::new(snapshot));
    session.mark_fresh();
    session.notify_flags(changed.into());
}

fn version(path: &Path) -> io::Result<Version> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.modified().ok(), metadata.len()))
}
