//! The one background thread of a client
//!
//! Its runtime and its HTTP pool live on its own stack: it works in programs without a runtime, needs none of a program's that has one,
//! and a fork, which copies no threads, leaves them behind without anything to drop.

use std::io;
use std::sync::Arc;
use std::thread;

use crate::config::Config;
use crate::session::Session;
use crate::source::http::{HttpError, HttpSource};
use crate::store::Store;
use crate::sync::SyncTask;

/// Why there is no background task
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("no runtime can be made")]
    Runtime(#[from] io::Error),
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// Starts the thread; it ends when the session is closed
pub(crate) fn spawn(config: Config, store: Arc<Store>, session: Arc<Session>) {
    let on_failure = Arc::clone(&session);
    let spawned = thread::Builder::new()
        .name("flagstaff".to_owned())
        .spawn(move || {
            if let Err(error) = run(&config, &store, &session) {
                log::error!("flags stay as they are: {error}");
                session.is_lost(true);
            }
        });
    if let Err(error) = spawned {
        log::error!("flags stay as they are: no thread can be started: {error}");
        on_failure.is_lost(true);
    }
}

fn run(config: &Config, store: &Store, session: &Session) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let source = HttpSource::new(config)?;
    let sync = SyncTask::new(source, store, session, &config.timing);
    runtime.block_on(async {
        tokio::select! {
            biased;
            () = session.closed() => {}
            () = sync.run() => {}
        }
    });
    drop(sync);
    // A DNS look-up that hangs must not hold up the end of the thread.
    runtime.shutdown_background();
    Ok(())
}
