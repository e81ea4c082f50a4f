//! Options about the encryption of connections

use std::path::PathBuf;

use clap::Args;

/// What the server proves with who it is
#[derive(Debug, Clone, Default, Args)]
pub struct TlsOptions {
    /// Certificate of the server and those that it was signed with, in PEM: the server then speaks HTTPS. Read again when the file
    /// changes, and on SIGHUP
    #[arg(long, env = "FLAGSTAFF_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// Private key of the certificate, in PEM
    #[arg(long, env = "FLAGSTAFF_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
}
