//! Connections over TLS: the certificate, and its replacement while the server runs

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use tokio::net::TcpStream;
use tokio::signal::unix::Signal;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::runtime::logging::error_chain;

/// The time limit for a handshake
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How often the files are checked
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// The protocols that a client can choose from, the preferred one first
const HTTP2: &[u8] = b"h2";
const PROTOCOLS: [&[u8]; 2] = [HTTP2, b"http/1.1"];

/// Why a certificate cannot be used
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// One without the other
    #[error("`--tls-cert` and `--tls-key` need each other")]
    Half,
    /// A file, or what is in it
    #[error("`{path}`")]
    File {
        /// The file
        path: PathBuf,
        /// Why
        source: pem::Error,
    },
    /// No certificate
    #[error("`{path}` contains no certificate")]
    NoCertificate {
        /// The file
        path: PathBuf,
    },
    /// The two do not belong together, or cannot be used
    #[error("the key cannot be used with the certificate")]
    Key(#[from] rustls::Error),
}

/// The files of a certificate and its key
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl CertificateFiles {
    /// Both or none
    pub(crate) fn of(
        certificate: Option<&PathBuf>,
        key: Option<&PathBuf>,
    ) -> Result<Option<Self>, TlsError> {
        match (certificate, key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(Self {
                certificate: certificate.clone(),
                key: key.clone(),
            })),
            _ => Err(TlsError::Half),
        }
    }

    fn load(&self) -> Result<CertifiedKey, TlsError> {
        let file = |path: &PathBuf| {
            let path = path.clone();
            move |source| TlsError::File { path, source }
        };
        let certificates = CertificateDer::pem_file_iter(&self.certificate);
        let certificates = certificates.and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let certificates = certificates.map_err(file(&self.certificate))?;
        if certificates.is_empty() {
            let path = self.certificate.clone();
            return Err(TlsError::NoCertificate { path });
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(file(&self.key))?;
        // Also compares the two.
        Ok(CertifiedKey::from_der(
            certificates,
            key,
            &ring::default_provider(),
        )?)
    }
}

/// The certificate in use
struct Current(ArcSwap<CertifiedKey>);

impl fmt::Debug for Current {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Current")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// Whether a client has chosen HTTP/2
pub(crate) fn is_http2(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(HTTP2)
}

/// Encrypts connections with the certificate in use
#[derive(Clone)]
pub(crate) struct Tls {
    files: CertificateFiles,
    current: Arc<Current>,
    acceptor: TlsAcceptor,
}

impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Tls").field(&self.files).finish()
    }
}

impl Tls {
    /// Reads the files
    pub(crate) fn new(files: CertificateFiles) -> Result<Self, TlsError> {
        let current = Arc::new(Current(ArcSwap::from_pointee(files.load()?)));
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Self {
            files,
            current,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        })
    }

    /// Performs the handshake with a client
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let handshake = timeout(HANDSHAKE, self.acceptor.accept(stream));
        handshake.await.map_err(|_| io::ErrorKind::TimedOut)?
    }

    /// Reads the files again when they change, and at every signal
    pub(crate) async fn follow_files(&self, hangup: &mut Signal) {
        let mut used = self.contents().await;
        loop {
            let has_signal = timeout(CHECK_INTERVAL, hangup.recv()).await.is_ok();
            let found = self.contents().await;
            if !has_signal && found == used {
                continue;
            }
            match self.files.load() {
                Ok(certificate) => {
                    self.current.0.store(Arc::new(certificate));
                    tracing::info!(
                        file = %self.files.certificate.display(),
                        "the TLS certificate was read again"
                    );
                    used = found;
                }
                // One of the two files may be new and the other one not yet: the next check finds both.
                Err(error) => tracing::warn!(
                    error = error_chain(&error),
                    "the TLS certificate in use stays"
                ),
            }
        }
    }

    async fn contents(&self) -> [Option<Vec<u8>>; 2] {
        [
            tokio::fs::read(&self.files.certificate).await.ok(),
            tokio::fs::read(&self.files.key).await.ok(),
        ]
    }
}
