//! One-time links

use flagstaff_server::store::{NewLinkSession, SessionStore as _};

use super::*;
use crate::support::{ADMIN, Database, Process, flagstaff, printed, simultaneously};

/// The code of a printed link
fn code(link: &str) -> &str {
    link.trim().split_once("/#sign-in=").unwrap().1
}

#[tokio::test]
async fn a_link_signs_in_once_and_its_session_is_a_cookie_that_scripts_cannot_read() {
    let server = Server::new().await;
    create_link(&**server.state.store(), "code", NOW).await;
    let begun = exchange(&server, "code").await.expect(204);
    let [(cookie, attributes)] = &cookies(&begun)[..] else {
        panic!("one cookie");
    };
    assert!(cookie.starts_with("flagstaff_session="));
    assert_eq!(
        attributes,
        "Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"
    );

    let me = with(server.get(ME), cookie).await.expect(200);
    assert_eq!(me["name"], "ann");
    assert_eq!(me["credential"], "operator");
    assert_eq!(me["id"], json!(null));
    assert_eq!(me["expiresAt"], "2026-01-01T12:00:00.000Z");
    assert_eq!(me["allProjects"], true);
    let created = with(server.put("flags/a", on()), cookie).await;
    created.expect(201);
    assert_eq!(server.audit("").await[0]["actor"], "ann");
    let shop = with(
        server.post("/api/v1/projects", json!({"name": "shop"})),
        cookie,
    );
    shop.await.expect(201);

    let again = exchange(&server, "code").await;
    let again = again.expect_problem(401, "unauthorized");
    again.expect_detail("the sign-in link was used already, or has expired");
    exchange(&server, "other").await.expect(401);
}

#[tokio::test]
async fn of_simultaneous_exchanges_of_a_link_one_signs_in() {
    for database in Database::both().await {
        let store = database.open().await;
        create_link(&store, "code", NOW).await;
        let store = std::sync::Arc::new(store);
        let exchanges = (0..10).map(|number| {
            let store = std::sync::Arc::clone(&store);
            async move {
                let now = Timestamp::from_millis(i64::try_from(NOW).unwrap());
                let session = NewLinkSession {
                    hash: hash(&number.to_string()),
                    created_at: now,
                    expires_at: Timestamp::from_millis(i64::MAX),
                    user_agent: None,
                };
                store.exchange_link(hash("code"), session).await.unwrap()
            }
        });
        let begun = simultaneously(exchanges).await;
        assert_eq!(begun.iter().flatten().count(), 1);
    }
}

#[tokio::test]
async fn a_link_expires_after_a_quarter_of_an_hour() {
    let server = Server::new().await;
    create_link(&**server.state.store(), "code", NOW).await;
    server.wait(15 * MINUTE);
    exchange(&server, "code").await.expect(401);
}

#[tokio::test]
async fn only_a_page_of_the_server_exchanges_a_link() {
    let server = Server::new().await;
    create_link(&**server.state.store(), "code", NOW).await;
    let foreign = exchange(&server, "code").header("sec-fetch-site", "cross-site");
    foreign.await.expect_problem(403, "forbidden");
    let nowhere = server.post(LINK, json!({"code": "code"})).anonymous();
    nowhere.await.expect(403);
    exchange(&server, "code").await.expect(204);
}

#[tokio::test]
async fn codes_that_are_guessed_are_limited_by_address() {
    let server = Server::with_rates(Rates {
        failures: 1,
        ..Rates::default()
    })
    .await;
    create_link(&**server.state.store(), "code", NOW).await;
    for _ in 0..10 {
        exchange(&server, "guess")
            .from("192.0.2.1")
            .await
            .expect(401);
    }
    let right = exchange(&server, "code").from("192.0.2.1").await;
    right.expect_problem(429, "rate-limited");
    exchange(&server, "code")
        .from("192.0.2.2")
        .await
        .expect(204);
}

#[tokio::test]
async fn a_first_start_and_a_command_print_links_of_a_server_on_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let first = Process::start(folder.path(), &[]);
    let address = first.address.clone();
    let command = |name: &str| {
        let arguments = [
            "sign-in-link",
            "--database",
            "sqlite://flags.db",
            "--name",
            name,
        ];
        printed(flagstaff(folder.path(), &arguments)).expect_success()
    };
    let link = command("bob");
    assert!(
        link.starts_with("http://127.0.0.1:8080/#sign-in=fs_link_"),
        "{link}"
    );
    let begun = exchange(&address, code(&link)).await.expect(204);
    let me = with(address.get(ME), &session(&begun)).await.expect(200);
    assert_eq!(me["name"], "bob");
    let (stdout, stderr) = first.stop();
    let mut lines = stdout.lines();
    let printed_link = lines
        .find_map(|line| line.strip_prefix("admin UI: "))
        .unwrap();
    assert!(
        printed_link.starts_with(&format!("{address}/#sign-in=")),
        "{stdout}"
    );
    assert!(!stderr.contains(code(printed_link)) && !stderr.contains(code(&link)));

    // A later start prints a link only if it is asked for.
    let (stdout, _) = Process::start(folder.path(), &[]).stop();
    assert_eq!(stdout, "");
    let asked = Process::start(folder.path(), &["--sign-in-link", "--admin-token", ADMIN]);
    let address = asked.address.clone();
    let begun = exchange(&address, code(printed_link)).await.expect(204);
    let cookie = session(&begun);
    let (stdout, _) = asked.stop();
    assert!(
        stdout.starts_with(&format!("admin UI: {address}/#sign-in=")),
        "{stdout}"
    );

    // The session outlives the server.
    let other = Process::start(folder.path(), &[]);
    let me = with(other.get(ME), &cookie).await.expect(200);
    assert_eq!(me["name"], "admin");
}
