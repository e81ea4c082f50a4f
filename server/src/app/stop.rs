//! Stopping the server on signals

use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Stops the server on a signal. After SIGTERM it first reports for the time `delay` that it is not ready; a second signal ends the wait
pub(super) fn stop_on_signal(
    leaving: CancellationToken,
    stopping: CancellationToken,
    delay: Duration,
) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        let is_terminated = tokio::select! {
            _ = terminate.recv() => true,
            _ = interrupt.recv() => false,
        };
        if is_terminated && !delay.is_zero() {
            tracing::info!(?delay, "not ready any more: stopping after the delay");
            leaving.cancel();
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        tracing::info!("stopping");
        stopping.cancel();
    });
    Ok(())
}
