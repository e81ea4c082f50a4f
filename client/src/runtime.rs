//! The one background thread of a client
//!
//! Its runtime and its HTTP pool live on its own stack: it works in programs without a runtime, needs none of a program's that has one,
//! and a fork, which copies no threads, leaves them behind without anything to drop.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::time::timeout;

use crate::config::Config;
use crate::session::Session;
use crate::source::http::{HttpError, HttpSource};
use crate::store::Store;
use crate::sync::SyncTask;
use crate::usage::report::{Reporter, Sender};

/// How long a client that is closed goes on trying to report what it counted
const LAST_REPORT: Duration = Duration::from_secs(3);

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
    let sender = Sender {
        // Drawn here, on a thread of this process: a fork's child is another instance.
        instance: format!("{:016x}", fastrand::u64(..)),
        sdk: config.sdk.clone(),
    };
    let source = HttpSource::new(config, &sender)?;
    let reporter = store
        .usage()
        .map(|usage| Reporter::new((usage, store), &source, &config.timing, &sender));
    let report = async {
        match &reporter {
            Some(reporter) => reporter.run().await,
            None => std::future::pending().await,
        }
    };
    let sync = SyncTask::new(source.clone(), store, session, &config.timing);
    runtime.block_on(async {
        tokio::select! {
            biased;
            () = session.closed() => {}
            () = sync.run() => {}
            () = report => {}
        }
        if let Some(reporter) = &reporter {
            // An error: nobody is left to tell, and what was counted goes with the client.
            drop(timeout(LAST_REPORT, reporter.report()).await);
        }
    });
    drop(sync);
    // A DNS look-up that hangs must not hold up the end of the thread.
    runtime.shutdown_background();
    Ok(())
}
