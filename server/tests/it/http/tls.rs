//! HTTPS: both versions of HTTP, and a certificate that is replaced while the server runs

use std::path::Path;
use std::sync::Arc;

use axum::http::{Request, StatusCode, Version};
use http_body_util::BodyExt as _;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{ADMIN, FLAGS, Process, in_time, simultaneously, until};

/// Certificates of `localhost`, each with its key; only for tests: they are here for all to read
const CERTIFICATES: [&str; 3] = [
    include_str!("tls1.pem"),
    include_str!("tls2.pem"),
    include_str!("tls3.pem"),
];

/// Puts one of the certificates and its key into the files of the server
fn certify(folder: &Path, number: usize) -> CertificateDer<'static> {
    let pem = CERTIFICATES[number];
    std::fs::write(folder.join("key.pem"), pem).unwrap();
    std::fs::write(folder.join("cert.pem"), pem).unwrap();
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

async fn connect(
    server: &Process,
    trusted: &CertificateDer<'static>,
    protocol: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let address = server.address.strip_prefix("https://").unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

fn request(path: &str, token: &str) -> Request<String> {
    Request::builder()
        .uri(format!("https://localhost{path}"))
        .header("host", "localhost")
        .header("authorization", format!("Bearer {token}"))
        .body(String::new())
        .unwrap()
}

#[tokio::test]
async fn requests_and_streams_share_a_connection_of_http2() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = certify(folder.path(), 0);
    let options = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let keys = ["--admin-token", ADMIN, "--server-key", "server"];
    let server = Process::start(folder.path(), &[&options[..], &keys].concat());

    let stream = connect(&server, &certificate, "http/1.1").await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request(FLAGS, ADMIN)).await.unwrap();
    assert_eq!(
        (response.status(), response.version()),
        (StatusCode::OK, Version::HTTP_11)
    );

    let stream = connect(&server, &certificate, "h2").await.unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut streams = Vec::new();
    for _ in 0..3 {
        let follow = request("/api/v1/sdk/stream", "server");
        let mut stream = sender.clone().send_request(follow).await.unwrap();
        assert_eq!(
            (stream.status(), stream.version()),
            (StatusCode::OK, Version::HTTP_2)
        );
        let mut text = String::new();
        while !text.contains("server-intent") {
            let frame = in_time(stream.frame()).await.unwrap().unwrap();
            text.push_str(&String::from_utf8_lossy(&frame.into_data().unwrap()));
        }
        streams.push(stream);
    }
    let requests = (0..20).map(|_| {
        let mut sender = sender.clone();
        async move {
            let response = sender.send_request(request(FLAGS, ADMIN)).await.unwrap();
            (
                response.status(),
                response.collect().await.unwrap().to_bytes().len(),
            )
        }
    });
    for (status, length) in simultaneously(requests).await {
        assert!(status == StatusCode::OK && length > 2);
    }
    let metrics = sender
        .clone()
        .send_request(request("/metrics", ""))
        .await
        .unwrap();
    let metrics = metrics.collect().await.unwrap().to_bytes();
    let metrics = String::from_utf8_lossy(&metrics);
    // The one of HTTP/1.1; the other one carries streams, and counts among those.
    assert!(metrics.contains("\nflagstaff_connections 1\n"), "{metrics}");
    drop(streams);
    // Ends in time although connections are open.
    let (_, log) = tokio::task::spawn_blocking(move || server.stop())
        .await
        .unwrap();
    assert!(!log.contains("cut off"), "{log}");
}

#[tokio::test]
async fn a_certificate_is_replaced_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = certify(folder.path(), 0);
    let options = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let server = Process::start(folder.path(), &options);
    assert!(
        server.address.starts_with("https://127.0.0.1:"),
        "{}",
        server.address
    );
    connect(&server, &first, "h2").await.unwrap();
    let second = certify(folder.path(), 1);
    let is_second = async || connect(&server, &second, "h2").await.is_ok();
    until("the new certificate is in use", is_second).await;
    assert!(connect(&server, &first, "h2").await.is_err());

    // A key that is not the certificate's changes nothing.
    std::fs::write(folder.path().join("key.pem"), "no key").unwrap();
    let hangup = || {
        let id = server.id().to_string();
        let kill = std::process::Command::new("kill")
            .args(["-HUP", &id])
            .status();
        assert!(kill.unwrap().success());
    };
    hangup();
    connect(&server, &second, "h2").await.unwrap();
    let third = certify(folder.path(), 2);
    hangup();
    until("the third certificate is in use", async || {
        connect(&server, &third, "h2").await.is_ok()
    })
    .await;
    let (_, log) = tokio::task::spawn_blocking(move || server.stop())
        .await
        .unwrap();
    assert!(log.contains("the TLS certificate in use stays"), "{log}");
}
