//! The background thread of a client
//!
//! Its async runtime and its HTTP connection pool live on its own stack: it works in programs without a runtime, uses none that a program
//! has, and a fork, which does not copy threads, leaves nothing behind that would have to be dropped.

use std::cell::Cell;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::time::timeout;

use crate::backoff::Backoff;
use crate::blocking::block_on;
use crate::config::Config;
use crate::current_snapshot::CurrentSnapshot;
use crate::instance::InstanceInfo;
use crate::report::{Reporter, Unreported};
use crate::session::Session;
use crate::source::http::{HttpError, HttpSource};
use crate::sync::SyncTask;
use crate::timing::Timing;

/// How long a closed client tries to send its last usage report
const LAST_REPORT_TIMEOUT: Duration = Duration::from_secs(3);

/// The delay after which a task that ended unexpectedly is started again
const MIN_RESTART: Duration = Duration::from_millis(100);
const MAX_RESTART: Duration = Duration::from_mins(1);

/// Why the background task could not be started
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("cannot make an async runtime")]
    Runtime(#[from] io::Error),
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// Starts the thread, which sends the last counts when the session is closed, and then ends
pub(crate) fn spawn(config: Config, current: Arc<CurrentSnapshot>, session: Arc<Session>) {
    let on_failure = Arc::clone(&session);
    let spawned = thread::Builder::new()
        .name("flagstaff".to_owned())
        .spawn(move || {
            // Here, on a thread of this process: the child of a fork is another instance.
            let instance = InstanceInfo::random(config.sdk.clone());
            let unreported = Unreported::default();
            let is_sent = Cell::new(true);
            let run = || {
                let sent = run(&config, &current, &session, (&instance, &unreported));
                is_sent.set(*sent.as_ref().unwrap_or(&false));
                sent.map(drop)
            };
            supervise(&session, &config.timing, run);
            session.mark_ended(is_sent.get());
        });
    if let Err(error) = spawned {
        on_failure.reset_start();
        log::error!("the client receives no flags: cannot start a thread: {error}");
        on_failure.mark_unreachable(true);
    }
}

/// Runs the background task until the session is closed, and restarts it if it ends before; once also if the session is closed already,
/// to send what was counted
fn supervise(session: &Session, timing: &Timing, mut run: impl FnMut() -> Result<(), StartError>) {
    let mut backoff = Backoff::new(timing);
    loop {
        // A panic leaves no inconsistent state: each run has its own replica and connections, and what runs share is swapped as a whole
        // or counted.
        let ended = panic::catch_unwind(AssertUnwindSafe(&mut run));
        if session.is_closed() {
            return;
        }
        let is_refused = matches!(ended, Ok(Err(_)));
        session.mark_unreachable(is_refused);
        let delay = backoff
            .next(fastrand::f64())
            .clamp(MIN_RESTART, MAX_RESTART);
        // The logger belongs to the application, and may be what panicked.
        let _ = panic::catch_unwind(AssertUnwindSafe(|| match ended {
            Ok(Err(error)) => {
                log::error!("the client receives no flags: {error}; trying again in {delay:?}");
            }
            Ok(Ok(())) => log::error!("the background task ended; restarting it in {delay:?}"),
            Err(_) => log::error!("the background task panicked; restarting it in {delay:?}"),
        }));
        block_on(session.closed(), delay);
    }
}

/// Runs the background task until the session is closed or the task ends; returns whether all counts were sent
fn run(
    config: &Config,
    current: &CurrentSnapshot,
    session: &Session,
    (instance, unreported): (&InstanceInfo, &Unreported),
) -> Result<bool, StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (source, timing) = (HttpSource::new(config, instance)?, &config.timing);
    let reporter = current
        .usage()
        .map(|usage| Reporter::new(&source, (usage, current), timing, (instance, unreported)));
    let report = async {
        match &reporter {
            Some(reporter) => reporter.run(session).await,
            None => std::future::pending().await,
        }
    };
    let sync = SyncTask::new(&source, current, session, timing).with_config(config);
    let is_sent = runtime.block_on(async {
        tokio::select! {
            biased;
            () = session.closed() => {}
            () = sync.run() => {}
            () = report => {}
        }
        match &reporter {
            // The counts are lost if this fails: the client is closed.
            Some(reporter) => {
                let sent = timeout(LAST_REPORT_TIMEOUT, reporter.report()).await;
                matches!(sent, Ok(Ok(())))
            }
            None => true,
        }
    });
    // A DNS look-up that hangs must not delay the end of the thread.
    runtime.shutdown_background();
    Ok(is_sent)
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
            session.mark_fresh();
            runs.set(runs.get() + 1);
            match runs.get() {
                1 => std::panic::resume_unwind(Box::new("a panic")),
                // It ends, although the session is not closed.
                2 => {}
                _ => session.close(),
            }
            Ok(())
        });
        assert_eq!((runs.get(), stale.get()), (3, 2));
        assert_eq!(session.state().status, Status::Ready);
    }

    #[test]
    fn a_task_that_cannot_be_started_is_tried_again_and_fails_the_client() {
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
    fn a_session_that_is_closed_already_sends_its_counts() {
        let session = Session::new(Status::NotReady, None);
        session.close();
        let runs = Cell::new(0);
        supervise(&session, &quick(), || {
            runs.set(runs.get() + 1);
            Ok(())
        });
        assert_eq!(runs.get(), 1);
    }
}
