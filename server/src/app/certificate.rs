//! The certificate of the server, from its options

use std::io;

use tokio::signal::unix::{SignalKind, signal};

use crate::config::{ServeOptions, TlsOptions};
use crate::http::tls::{CertificateFiles, Tls, TlsError};

/// The TLS configuration, if there is a certificate
pub(super) fn load(options: &ServeOptions) -> Result<Option<Tls>, TlsError> {
    let TlsOptions { tls_cert, tls_key } = &options.tls;
    let files = CertificateFiles::of(tls_cert.as_ref(), tls_key.as_ref())?;
    files.map(Tls::new).transpose()
}

/// Reads the certificate again when its files change, and on SIGHUP
pub(super) fn follow(tls: Tls) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        tls.follow_files(&mut hangup).await;
    });
    Ok(())
}
