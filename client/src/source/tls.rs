//! Trusted root certificates

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// TLS that trusts the machine's root certificates, the bundled ones, and `further` ones
///
/// The machine's alone fail in a container without certificates; the bundled ones alone fail with a private certificate authority, and
/// ignore `SSL_CERT_FILE` and `SSL_CERT_DIR`.
pub(super) fn config(further: &[CertificateDer<'static>]) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        log::debug!("cannot read some of the machine's certificates: {error}");
    }
    roots.add_parsable_certificates(native.certs);
    roots.add_parsable_certificates(further.iter().cloned());
    // Explicit, since a program that links two providers has no default.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
