//! A socket whose writes fail if the client reads too slowly
//!
//! A client with a full window would otherwise hold its connection, and the data for it, until TCP gives up, which may be never.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How long writes may wait for a client in total, less [`BYTE_TIME`] for each byte that the client reads
pub(super) const MAX_WAIT: Duration = Duration::from_secs(30);
/// The time for a byte at 1,000 bytes a second: slower than any link that people use, fast enough to come to an end
pub(super) const BYTE_TIME: Duration = Duration::from_millis(1);

/// The activity of a socket, for the code that decides to close it
#[derive(Debug, Default)]
pub(super) struct Activity {
    has_unanswered_bytes: AtomicBool,
}

impl Activity {
    /// Whether bytes have arrived since something was last sent
    pub(super) fn has_unanswered_bytes(&self) -> bool {
        self.has_unanswered_bytes.load(Ordering::Relaxed)
    }
}

/// A byte stream with a limit on how long its writes wait
#[derive(Debug)]
pub(super) struct Socket<T> {
    stream: T,
    activity: Arc<Activity>,
    // How long writes have waited, less the time for bytes that were sent.
    waited: Duration,
    waiting_since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl<T> Socket<T> {
    pub(super) fn new(stream: T, activity: Arc<Activity>) -> Self {
        Self {
            stream,
            activity,
            waited: Duration::ZERO,
            waiting_since: None,
            timer: Box::pin(sleep(Duration::ZERO)),
        }
    }

    /// Records the result of a write, and fails it if writes have waited too long
    fn written(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match result {
            Poll::Ready(result) => {
                if let Some(since) = self.waiting_since.take() {
                    self.waited = self.waited.saturating_add(since.elapsed());
                }
                if let Ok(bytes) = result {
                    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
                    self.waited = self.waited.saturating_sub(BYTE_TIME.saturating_mul(bytes));
                    self.activity
                        .has_unanswered_bytes
                        .store(false, Ordering::Relaxed);
                }
                Poll::Ready(result)
            }
            Poll::Pending => {
                if self.waiting_since.is_none() {
                    let now = Instant::now();
                    self.waiting_since = Some(now);
                    let left = MAX_WAIT.saturating_sub(self.waited);
                    let until = now.checked_add(left).unwrap_or(now);
                    self.timer.as_mut().reset(until);
                }
                ready!(self.timer.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Socket<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        if buffer.filled().len() > before {
            self.activity
                .has_unanswered_bytes
                .store(true, Ordering::Relaxed);
        }
        Poll::Ready(result)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Socket<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    /// Sends 200,000 bytes to a peer that reads `bytes` at each interval `every`; returns the result and how many were sent
    async fn send(bytes: usize, every: Duration) -> (io::Result<()>, usize) {
        let (near, mut far) = duplex(64);
        let mut socket = Socket::new(near, Arc::default());
        let reader = async move {
            let mut reads = 0_usize;
            let mut buffer = vec![0; bytes];
            loop {
                tokio::time::sleep(every).await;
                match far.read_exact(&mut buffer).await {
                    Ok(_) => reads = reads.saturating_add(1),
                    Err(_) => return reads.saturating_mul(bytes),
                }
            }
        };
        let writer = async move { socket.write_all(&vec![0; 200_000]).await };
        tokio::join!(writer, reader)
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_little_is_dropped_and_one_that_is_steady_is_not() {
        for (bytes, every) in [(1, 29_000), (60, 1_000), (2_000, 29_000)] {
            let (result, taken) = send(bytes, Duration::from_millis(every)).await;
            let error = result.expect_err("it is too slow");
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            assert!(taken < 10_000, "{bytes}: {taken}");
        }
        for (bytes, every) in [(200, 100), (40_000, 29_000)] {
            let (result, _) = send(bytes, Duration::from_millis(every)).await;
            assert!(result.is_ok(), "{bytes}");
        }
    }
}
