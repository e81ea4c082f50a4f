//! A listener whose connections fail when the other side does not read for too long
//!
//! A stream to a reader with a full window would otherwise stay open until TCP gives up, which it may never do.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;

/// A TCP listener with a write timeout
#[derive(Debug)]
pub(crate) struct WriteTimeout {
    listener: TcpListener,
    timeout: Duration,
}

impl WriteTimeout {
    pub(crate) fn new(listener: TcpListener, timeout: Duration) -> Self {
        Self { listener, timeout }
    }
}

impl Listener for WriteTimeout {
    type Io = Pin<Box<TimeoutStream<TcpStream>>>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        // axum's own accept, which logs errors and waits when descriptors run out.
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // An event is small and wanted now.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.timeout));
        (Box::pin(stream), address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn a_reader_that_does_not_read_is_dropped() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut listener = WriteTimeout::new(listener, Duration::from_millis(20));
        let _reader = TcpStream::connect(Listener::local_addr(&listener).unwrap())
            .await
            .unwrap();
        let (mut stream, _) = listener.accept().await;
        let piece = vec![0; 1 << 20];
        let error = loop {
            if let Err(error) = stream.write_all(&piece).await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
