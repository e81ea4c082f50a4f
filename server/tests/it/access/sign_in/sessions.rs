//! The session of the cookie

use std::sync::Arc;

use flagstaff_server::Clock;
use flagstaff_server::store::{MAX_SESSIONS, NewLinkSession, SessionStore as _};

use super::*;
use crate::support::{Database, Live, state, until};

/// A server where sessions last an hour, and ten minutes without requests
async fn short() -> Server {
    Server::with(RuntimeConfig {
        sign_in: SignIn {
            lifetime: Duration::from_hours(1),
            idle: Duration::from_mins(10),
            ..SignIn::default()
        },
        ..RuntimeConfig::default()
    })
    .await
}

#[tokio::test]
async fn a_cookie_changes_nothing_for_pages_of_other_origins() {
    let server = Server::new().await;
    let cookie = signed_in(&server).await;
    let own = [
        ("host", "flags.example"),
        ("origin", "http://flags.example"),
    ];
    for (number, headers) in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("host", "flags.example"), ("origin", "http://evil.example")],
        &[("origin", "null")],
        // Neither header: no browser sends such a request, so it does not come from a page of this server.
        &[],
    ]
    .into_iter()
    .enumerate()
    {
        let foreign = |call: Call| call.anonymous().header("cookie", &cookie).headers(headers);
        let path = format!("flags/f{number}");
        let refused = foreign(server.put(&path, on())).await;
        refused.expect_problem(403, "forbidden");
        foreign(server.delete("flags/none")).await.expect(403);
        foreign(server.post("changesets", json!({"operations": []})))
            .await
            .expect(403);
        foreign(server.post(SIGN_OUT, ())).await.expect(403);
        // Reading changes nothing, and pages of other origins cannot read the response.
        let read = foreign(server.get("flags")).await.expect(200);
        assert_eq!(read.header("access-control-allow-origin"), "");
    }
    let created = server
        .put("flags/own", on())
        .anonymous()
        .header("cookie", &cookie);
    created.headers(&own).await.expect(201);
    assert_eq!(server.get("flags").await.column("key"), ["own"]);
}

#[tokio::test]
async fn a_token_goes_before_the_cookie() {
    let server = Server::new().await;
    let cookie = signed_in(&server).await;
    let me = async |token: &str| {
        let call = server.get(ME).token(token).header("cookie", &cookie);
        call.await
    };
    assert_eq!(me("viewer").await.expect(200)["name"], "viewer");
    me("nobody").await.expect(401);
    // What a proxy in front of the server asks for is of no concern here.
    let proxied = with(server.get(ME), &cookie).header("authorization", "Basic YTpi");
    assert_eq!(proxied.await.expect(200)["name"], "ann");
    let none = same_origin(server.get(ME)).await;
    none.expect_detail("send a token: `Authorization: Bearer …`");
}

#[tokio::test]
async fn a_session_ends_in_time_and_earlier_if_it_is_not_used() {
    let server = short().await;
    let cookie = signed_in(&server).await;
    let me = async || with(server.get(ME), &cookie).await;
    // Used every nine minutes, until its hour is over.
    for _ in 0..6 {
        server.wait(9 * MINUTE);
        me().await.expect(200);
    }
    server.wait(6 * MINUTE);
    let ended = me().await.expect_problem(401, "unauthorized");
    let ended = ended.expect_detail("the session has ended: sign in again");
    assert_eq!(ended.header("www-authenticate"), "Bearer");

    let server = short().await;
    let cookie = signed_in(&server).await;
    server.wait(10 * MINUTE);
    with(server.get(ME), &cookie).await.expect(401);
}

#[tokio::test]
async fn a_session_is_used_at_every_node_and_ended_at_all_of_them() {
    for database in Database::both().await {
        let node = async || {
            Live::serve(state(&database, RuntimeConfig::default(), Clock::System).await).await
        };
        let (one, other) = (node().await, node().await);
        let now = Clock::System.now().as_millis();
        create_link(&database.open().await, "code", u64::try_from(now).unwrap()).await;
        let cookie = session(&exchange(&one, "code").await.expect(204));
        // At once, although the other node has not been told of it.
        let me = with(other.get(ME), &cookie).await.expect(200);
        assert_eq!(me["name"], "ann");
        let out = with(other.post(SIGN_OUT, ()), &cookie).await.expect(200);
        assert_eq!(out["providerUrl"], json!(null));
        let (cleared, attributes) = &cookies(&out)[0];
        assert_eq!(cleared, "flagstaff_session=");
        assert!(attributes.contains("Max-Age=0"), "{attributes}");
        with(other.get(ME), &cookie).await.expect(401);
        let is_ended = async || with(one.get(ME), &cookie).await.status == 401;
        until("the session has ended at the first node", is_ended).await;
        // Signing out again changes nothing.
        with(one.post(SIGN_OUT, ()), &cookie).await.expect(200);
    }
}

#[tokio::test]
async fn a_session_that_is_used_at_one_node_is_alive_at_the_other() {
    let limits = || RuntimeConfig {
        sign_in: SignIn {
            idle: Duration::from_mins(10),
            ..SignIn::default()
        },
        ..RuntimeConfig::default()
    };
    let database = Database::new();
    let clock = Arc::new(std::sync::atomic::AtomicU64::new(NOW));
    let node = async || state(&database, limits(), Clock::Manual(Arc::clone(&clock))).await;
    let (one, other) = (node().await, node().await);
    create_link(&**one.store(), "code", NOW).await;
    let cookie = session(&exchange(&one, "code").await.expect(204));
    with(other.get(ME), &cookie).await.expect(200);
    // The first node has stored that it was used; the other one saw it eleven minutes ago.
    clock.fetch_add(11 * MINUTE, std::sync::atomic::Ordering::Relaxed);
    let used_at = Timestamp::from_millis(i64::try_from(NOW + 9 * MINUTE).unwrap());
    let value = cookie.split_once('=').unwrap().1;
    let uses = vec![(hash(value), used_at)];
    one.store().put_session_uses(uses).await.unwrap();
    with(other.get(ME), &cookie).await.expect(200);
    clock.fetch_add(11 * MINUTE, std::sync::atomic::Ordering::Relaxed);
    with(other.get(ME), &cookie).await.expect(401);
}

#[tokio::test]
async fn cookies_that_are_guessed_are_limited_by_address_before_the_database_is_asked() {
    let server = Server::with_rates(Rates {
        failures: 1,
        ..Rates::default()
    })
    .await;
    let cookie = signed_in(&server).await;
    let guess = || with(server.get(ME), "flagstaff_session=guess").from("192.0.2.1");
    for _ in 0..10 {
        guess().await.expect(401);
    }
    guess().await.expect_problem(429, "rate-limited");
    // A known one is not held up by them.
    with(server.get(ME), &cookie)
        .from("192.0.2.1")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_repeated_write_with_a_cookie_is_applied_once() {
    let server = Server::new().await;
    let cookie = signed_in(&server).await;
    let create = || {
        let call = server.post("flags", json!({"key": "a", "type": "boolean"}));
        with(call, &cookie).header("idempotency-key", "k-1")
    };
    create().await.expect(201);
    let again = create().await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    let foreign = create().header("sec-fetch-site", "cross-site");
    foreign.await.expect(403);
}

#[tokio::test]
async fn a_person_has_a_bounded_number_of_sessions_and_of_none_the_cookie_is_stored() {
    for database in Database::both().await {
        let store = database.open().await;
        let at = |millis: i64| Timestamp::from_millis(i64::try_from(NOW).unwrap() + millis);
        let begin = async |number: i64| {
            create_link(&store, &format!("code{number}"), NOW).await;
            let new = NewLinkSession {
                hash: hash(&format!("cookie{number}")),
                created_at: at(number),
                expires_at: at(1_000),
                user_agent: None,
            };
            let code = hash(&format!("code{number}"));
            store.exchange_link(code, new).await.unwrap().unwrap()
        };
        for number in 0..=MAX_SESSIONS {
            begin(number).await;
        }
        let sessions = store.access().await.unwrap().sessions;
        assert_eq!(i64::try_from(sessions.len()).unwrap(), MAX_SESSIONS);
        assert_eq!(store.session(&hash("cookie0")).await.unwrap(), None);
        assert_eq!(sessions[0].hash, hash("cookie1"));
        assert!(!format!("{sessions:?}").contains("cookie"));
        // Those that have expired are deleted when somebody signs in.
        begin(1_000).await;
        assert_eq!(store.access().await.unwrap().sessions.len(), 1);
    }
}

#[tokio::test]
async fn an_operator_makes_no_personal_tokens() {
    let server = Server::new().await;
    let cookie = signed_in(&server).await;
    let new = json!({"project": "default", "role": "viewer", "name": "laptop"});
    let refused = with(server.post("/api/v1/me/tokens", new), &cookie).await;
    refused.expect_problem(403, "forbidden");
    let own = with(server.get("/api/v1/me/tokens"), &cookie)
        .await
        .expect(200);
    assert_eq!(own.items().len(), 0);
}
