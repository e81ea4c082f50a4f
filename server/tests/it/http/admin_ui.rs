//! The admin UI: its page at every address of the UI, and its files

use std::io::Read as _;

use flate2::read::GzDecoder;
use http_body_util::BodyExt as _;

use crate::support::{Requests as _, Server};

const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml");

#[tokio::test]
async fn every_address_of_the_ui_gets_the_page_with_a_nonce_of_its_own() {
    let server = Server::new().await;
    let mut nonces = Vec::new();
    for path in [
        "/",
        "/projects/default/flags",
        "/projects/shop/people?key=u-1",
    ] {
        let answer = server.get(path).anonymous().header(HTML.0, HTML.1).await;
        let answer = answer.expect(200);
        assert_eq!(answer.header("cache-control"), "no-store");
        let policy = answer.header("content-security-policy").to_owned();
        assert!(
            policy
                .starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src")
        );
        let nonce = policy.split("'nonce-").nth(1).unwrap();
        let nonce = nonce.split('\'').next().unwrap().to_owned();
        let page = answer.text;
        assert!(page.contains(&format!("content=\"{nonce}\"")), "{page}");
        assert!(!page.contains("<script>"), "{page}");
        nonces.push(nonce);
    }
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 3);
}

#[tokio::test]
async fn other_paths_that_do_not_exist_are_errors_for_browsers_too() {
    let server = Server::new().await;
    for path in [
        "/api/v1/nothing",
        "/ofrep",
        "/assets/old-build.js",
        "/example/x",
    ] {
        let answer = server.get(path).anonymous().header(HTML.0, HTML.1).await;
        let answer = answer.expect(404);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    server.get("/nothing").anonymous().await.expect(404);
}

#[tokio::test]
async fn a_program_that_reads_the_root_learns_the_addresses_of_what_is_here() {
    let server = Server::new().await;
    for accept in [None, Some("*/*"), Some("application/json"), Some("image/*")] {
        let mut request = server.get("/").anonymous();
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let answer = request.await.expect(200);
        assert_eq!(answer.header("content-type"), "application/json");
        for member in ["apiDescription", "apiDocs", "health"] {
            let address = answer[member].as_str().unwrap();
            server.get(address).anonymous().await.expect(200);
        }
    }
    server.post("/", ()).anonymous().await.expect(404);
}

#[tokio::test]
async fn files_are_compressed_and_kept_for_ever() {
    let server = Server::new().await;
    let page = server.get("/").anonymous().header(HTML.0, HTML.1).await;
    let page = page.expect(200).text;
    let script = page.split("src=\"").nth(1).unwrap();
    let script = script.split('"').next().unwrap().to_owned();
    let get = |coding: &str| {
        let request = server.get(&script).anonymous();
        request.header("accept-encoding", coding)
    };
    let compressed = get("gzip, br").response().await;
    let header = |name: &str| compressed.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-encoding"), "gzip");
    assert_eq!(
        header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(header("content-type"), "text/javascript; charset=utf-8");
    let body = compressed.into_body().collect().await.unwrap().to_bytes();
    let mut unpacked = String::new();
    GzDecoder::new(&*body)
        .read_to_string(&mut unpacked)
        .unwrap();
    let plain = get("identity").await.expect(200);
    assert_eq!(plain.header("vary"), "Accept-Encoding");
    assert!(plain.text == unpacked && unpacked.len() > 10_000);
    let missing = server.get("/assets/gone.js").anonymous().await.expect(404);
    assert_eq!(missing.header("cache-control"), "no-store");
}
