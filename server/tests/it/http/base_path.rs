//! A server below a path of a host: a proxy leaves the path in the address, or removes it

use serde_json::{Value, json};

use crate::support::{ADMIN, Process, Requests as _, flagstaff, printed};

const PUBLIC: &str = "https://example.com/tools/flags";
const BASE: &str = "/tools/flags";
const CLIENT: &str = "fs_client_0123456789abcdefghijklmnopqrstuv";
const HTML: (&str, &str) = ("accept", "text/html");

fn start(folder: &std::path::Path) -> Process {
    let keys = ["--admin-token", ADMIN, "--client-key", CLIENT];
    Process::start(folder, &[&["--public-url", PUBLIC], &keys[..]].concat())
}

#[tokio::test]
async fn every_address_is_known_with_the_path_and_without_it_and_is_answered_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    for (number, proxied) in [BASE, ""].into_iter().enumerate() {
        let get = |path: &str| server.get(&format!("{proxied}{path}")).anonymous();
        get("/readyz").await.expect(200);

        let page = get("/projects/default/flags").header(HTML.0, HTML.1);
        let page = page.await.expect(200).text;
        assert!(!page.contains("__BASE_PATH__"), "{page}");
        assert!(page.contains(&format!("name=\"base-path\" content=\"{BASE}\"")));
        let (absolute, below) = ("=\"/", format!("=\"{BASE}"));
        assert_eq!(page.matches(absolute).count(), page.matches(&below).count());
        for address in page.split(&format!("{below}/")).skip(1) {
            let address = address.split('"').next().unwrap();
            get(&format!("/{address}")).await.expect(200);
        }

        let index = get("/").await.expect(200);
        assert_eq!(index["apiDocs"], format!("{BASE}/api/v1/docs"));
        let api = get("/api/v1/openapi.json").await.expect(200);
        assert_eq!(api["servers"], json!([{"url": BASE}]));

        let segments = "/api/v1/projects/default/environments/production/segments";
        let key = format!("s-{number}");
        let made = server.post(&format!("{proxied}{segments}"), json!({"key": key}));
        let made = made.await.expect(201);
        let location = format!("{BASE}{segments}/{key}");
        assert_eq!(made.header("location"), location);
        server.get(&location).await.expect(200);
        // Is led to the page, whose addresses are relative to the slash.
        let example = get("/example").await.expect(200);
        assert!(example.text.contains("Flagstaff example"));

        let bulk = format!("{proxied}/ofrep/v1/evaluate/flags");
        let bulk = server.post(&bulk, json!({"context": {"targetingKey": "u"}}));
        let bulk = bulk.token(CLIENT).await.expect(200);
        let stream = &bulk["eventStreams"][0]["endpoint"]["requestUri"];
        let stream = stream.as_str().unwrap();
        assert!(stream.starts_with(&format!("{BASE}/ofrep/v1/events?token=")));
    }
    for other in ["/tools/flagship", "/tools", "/tools/flags2/readyz"] {
        server.get(other).await.expect(404);
    }
}

#[tokio::test]
async fn a_write_that_is_sent_again_by_the_other_address_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    let send = |base: &str| {
        let path = format!("{base}/api/v1/projects/default/environments/production/segments");
        let call = server.post(&path, json!({"key": "once"}));
        call.header("idempotency-key", "one")
    };
    let first = send(BASE).await.expect(201);
    let again = send("").await.expect(201);
    assert_eq!(first.header("location"), again.header("location"));
}

#[tokio::test]
async fn a_link_leads_below_the_path_and_its_cookie_counts_only_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    let arguments = [
        "sign-in-link",
        "--database",
        "sqlite://flags.db",
        "--name",
        "ann",
    ];
    let public = ["--public-url", &format!("{PUBLIC}/")];
    let link = printed(flagstaff(
        folder.path(),
        &[&arguments[..], &public].concat(),
    ));
    let link = link.expect_success();
    let code = link
        .trim()
        .strip_prefix(&format!("{PUBLIC}/#sign-in="))
        .unwrap();
    let call = server.post(
        &format!("{BASE}/api/v1/sign-in/link"),
        json!({"code": code}),
    );
    let call = call.anonymous().header("origin", "https://example.com");
    let answer = call.await.expect(204);
    let cookie = answer.header("set-cookie").to_owned();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert!(pair.starts_with("__Secure-flagstaff_session="), "{cookie}");
    assert!(
        attributes.starts_with(&format!("Path={BASE}; ")),
        "{cookie}"
    );
    assert!(attributes.ends_with("SameSite=Strict; Secure"), "{cookie}");
    let me = server.get(&format!("{BASE}/api/v1/me")).anonymous();
    let me: Value = me.header("cookie", pair).await.expect(200).json();
    assert_eq!(me["name"], "ann");
}
