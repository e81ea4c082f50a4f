//! The one background thread of a client
//!
//! Its runtime and its HTTP pool live on its own stack: it works in programs without a runtime, needs none of a program's that has one,
//! and a fork, which copies no threads, leaves them behind without anything to drop.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::time::timeout;

use crate::backoff::Backoff;
use crate::blocking::block_on;
use crate::config::{Config, Timing};
use crate::session::Session;
use crate::source::http::{HttpError, HttpSource};
use crate::store::Store;
use crate::sync::SyncTask;
use crate::usage::report::{Counts, Reporter, Sender};

/// How long a client that is closed goes on trying to report what it counted
const LAST_REPORT: Duration = Duration::from_secs(3);

/// A task that ended unexpectedly is started again after so long at least, and at most
const LEAST_RESTART: Duration = Duration::from_millis(100);
const LONGEST_RESTART: Duration = Duration::from_mins(1);

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
            let sender = Sender {
                // Drawn here, on a thread of this process: a fork's child is another instance.
                instance: format!("{:016x}", fastrand::u64(..)),
                sdk: config.sdk.clone(),
            };
            let counts = Counts::default();
            let run = || run(&config, &store, &session, (&sender, &counts));
            supervise(&session, &config.timing, run);
        });
    if let Err(error) = spawned {
        on_failure.has_not_started();
        log::error!("flags stay as they are: no thread can be started: {error}");
        on_failure.is_lost(true);
    }
}

/// Runs the background task until the session is closed, again and again should it end before
fn supervise(session: &Session, timing: &Timing, mut run: impl FnMut() -> Result<(), StartError>) {
    let mut backoff = Backoff::new(timing);
    while !session.is_closed() {
        // A panic leaves nothing half done that another run would see: each has a replica and connections of its own, and what it
        // shares is swapped whole or counted.
        let ended = panic::catch_unwind(AssertUnwindSafe(&mut run));
        if session.is_closed() {
            return;
        }
        let is_refused = matches!(ended, Ok(Err(_)));
        session.is_lost(is_refused);
        let delay = backoff
            .next(None, fastrand::f64())
            .clamp(LEAST_RESTART, LONGEST_RESTART);
        // A logger is the program's too, and may be what panicked.
        let _ = panic::catch_unwind(AssertUnwindSafe(|| match ended {
            Ok(Err(error)) => {
                log::error!("flags stay as they are: {error}; trying again in {delay:?}");
            }
            Ok(Ok(())) => log::error!("the background task ended; starting it again in {delay:?}"),
            Err(_) => log::error!("the background task panicked; starting it again in {delay:?}"),
        }));
        block_on(session.closed(), delay);
    }
}

fn run(
    config: &Config,
    store: &Store,
    session: &Session,
    (sender, counts): (&Sender, &Counts),
) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let source = HttpSource::new(config, sender)?;
    let reporter = store
        .usage()
        .map(|usage| Reporter::new((usage, store), &source, &config.timing, (sender, counts)));
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::status::Status;

    fn quick() -> Timing {
        Timing {
            reconnect_base: Duration::ZERO,
            ..Timing::default()
        }
    }

    #[test]
    fn a_task_that_panics_makes_the_flags_stale_and_is_started_again() {
        let session = Session::new(Status::NotReady, None);
        let (runs, stale) = (Cell::new(0), Cell::new(0));
        supervise(&session, &quick(), || {
            if session.state().status == Status::Stale {
                stale.set(stale.get() + 1);
            }
            session.is_fresh();
            runs.set(runs.get() + 1);
            match runs.get() {
                1 => std::panic::resume_unwind(Box::new("a panic")),
                // It ended, though nobody has closed the session.
                2 => {}
                _ => session.close(),
            }
            Ok(())
        });
        assert_eq!((runs.get(), stale.get()), (3, 2));
        assert_eq!(session.state().status, Status::Ready);
    }

    #[test]
    fn a_task_that_cannot_be_started_is_tried_again_and_tells_who_waits() {
        let session = Session::new(Status::NotReady, None);
        let runs = Cell::new(0);
        supervise(&session, &quick(), || {
            runs.set(runs.get() + 1);
            if runs.get() == 3 {
                assert_eq!(session.state().status, Status::Failed);
                session.close();
                return Ok(());
            }
            Err(io::Error::other("no runtime").into())
        });
        assert_eq!(runs.get(), 3);
    }

    #[test]
    fn a_closed_session_runs_nothing() {
        let session = Session::new(Status::NotReady, None);
        session.close();
        let runs = Cell::new(0);
        supervise(&session, &quick(), || {
            runs.set(runs.get() + 1);
            Ok(())
        });
        assert_eq!(runs.get(), 0);
    }
}
