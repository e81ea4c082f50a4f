//! Whom to trust

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// TLS with the machine's roots and the bundled ones together
///
/// The machine's alone fail in a container without certificates; the bundled ones alone fail behind a private authority, and ignore
/// `SSL_CERT_FILE` and `SSL_CERT_DIR`.
pub(super) fn config() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        log::debug!("some of the machine's certificates cannot be read: {error}");
    }
    roots.add_parsable_certificates(native.certs);
    // Named, not taken from the process: a host that links two providers has no default.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
