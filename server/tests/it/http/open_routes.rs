//! Routes that need no key

use crate::support::{Requests as _, Server};

#[tokio::test]
async fn health_checks_need_no_key() {
    let server = Server::new().await;
    let get = async |path: &str| server.get(path).anonymous().await;
    get("/healthz").await.expect(200);
    let ready = get("/readyz").await.json();
    assert_eq!(ready["status"], "ready");
    assert_eq!(ready["store"], "up");
    assert!(ready["staleMs"].is_u64(), "{ready}");
    get("/readyz?maxStaleMs=3600000").await.expect(200);
    get("/readyz?maxStaleMs=soon").await.expect(422);
    server.state.stopping().cancel();
    get("/readyz").await.expect(503);
    get("/healthz").await.expect(200);
}

#[tokio::test]
async fn the_example_page_and_its_script_are_served_and_may_load_nothing_else() {
    let server = Server::new().await;
    let get = async |path: &str| server.get(path).anonymous().await;
    for (path, content_type) in [
        ("/example/", "text/html; charset=utf-8"),
        ("/example/example.js", "text/javascript; charset=utf-8"),
    ] {
        let answer = get(path).await.expect(200);
        assert_eq!(answer.header("content-type"), content_type);
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'; script-src 'self';"));
    }
    assert_eq!(get("/example").await.header("location"), "/example/");
}
