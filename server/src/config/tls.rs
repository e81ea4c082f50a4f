//! Options about the encryption of connections

use std::path::PathBuf;

use clap::Args;

/// The certificate of the server
#[derive(Debug, Clone, Default, Args)]
pub struct TlsOptions {
    /// Certificate of the server, then those that signed it, in PEM: the server then speaks HTTPS. Read again when the file changes,
    /// and on SIGHUP
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// Private key of the certificate, in PEM
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
}
