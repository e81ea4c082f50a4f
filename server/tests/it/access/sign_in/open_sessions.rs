//! The sessions that people and admins see and end

use std::collections::BTreeMap;

use flagstaff_server::Clock;
use flagstaff_server::auth::CredentialKind;
use flagstaff_server::store::{Owner, SessionHolder, SessionRow};
use serde_json::Value;

use super::*;
use crate::support::{Database, Live, state, until};

const OWN: &str = "/api/v1/me/sessions";
const ALL: &str = "/api/v1/sessions";

/// Begins the session of a person who is editor in all projects; its cookie has the value `name-number`
async fn begin(store: &dyn Store, (name, number): (&str, u64), now: u64) -> String {
    let at = |millis| Timestamp::from_millis(i64::try_from(now.saturating_add(millis)).unwrap());
    let cookie = format!("{name}-{number}");
    let session = SessionRow {
        hash: hash(&cookie),
        holder: SessionHolder::Person {
            owner: Owner {
                subject: name.to_owned(),
                email: Some(format!("{name}@example.com")),
            },
            everywhere: Some(CredentialKind::Editor),
            projects: BTreeMap::new(),
            sid: None,
        },
        created_at: at(number),
        used_at: at(number),
        expires_at: at(60 * MINUTE),
        id_token: None,
        user_agent: Some(format!("Browser/{number}")),
    };
    store.begin_session(session).await.unwrap();
    format!("flagstaff_session={cookie}")
}

/// The public id of a session, by the value of its cookie
fn id(value: &str) -> String {
    hash(value).chars().take(16).collect()
}

/// The path of the session of a cookie
fn path(base: &str, cookie: &str) -> String {
    let value = cookie.split_once('=').unwrap().1;
    format!("{base}/{}", id(value))
}

async fn status(server: &impl Requests, cookie: &str) -> u16 {
    with(server.get(ME), cookie).await.status
}

/// The rows of the audit about sessions: what was done by whom, and why
fn ends(rows: &[Value]) -> Vec<[&Value; 4]> {
    let ends = rows.iter().filter(|row| row["kind"] == "session");
    ends.map(|row| [&row["action"], &row["actor"], &row["key"], &row["reason"]])
        .collect()
}

#[tokio::test]
async fn a_person_sees_their_own_sessions_and_ends_one_or_all_others() {
    let server = Server::new().await;
    let store = &**server.state.store();
    let mut cookies = Vec::new();
    for number in 1..=4 {
        cookies.push(begin(store, ("ann", number), NOW).await);
    }
    let [one, two, three, four] = &cookies[..] else {
        panic!("four cookies");
    };
    let bob = begin(store, ("bob", 5), NOW).await;
    let own = with(server.get(OWN), one).await.expect(200);
    assert_eq!(own["total"], 4);
    let first = json!({
        "id": id("ann-1"), "name": "ann@example.com", "signedInBy": "identityProvider", "isCurrent": true,
        "createdAt": "2026-01-01T00:00:00.001Z", "lastUsedAt": "2026-01-01T00:00:00.001Z",
        "expiresAt": "2026-01-01T01:00:00.000Z", "userAgent": "Browser/1",
    });
    assert_eq!(own.items()[0], first);
    assert_eq!(own.items()[1]["isCurrent"], false);
    let sorted = with(server.get(&format!("{OWN}?sort=-lastUsedAt&limit=1")), one).await;
    assert_eq!(sorted.items()[0]["userAgent"], "Browser/4");

    // Nobody ends the sessions of others, or learns that they exist.
    let foreign = with(server.delete(&path(OWN, &bob)), one).await;
    foreign.expect_problem(404, "not-found");
    with(
        server.delete(&format!("{}?reason=lost+laptop", path(OWN, two))),
        one,
    )
    .await
    .expect(204);
    assert_eq!(status(&server, two).await, 401);
    with(server.delete(&path(OWN, two)), one).await.expect(404);
    let elsewhere = server.delete(OWN).anonymous().header("cookie", one);
    let elsewhere = elsewhere.header("sec-fetch-site", "cross-site").await;
    elsewhere.expect_problem(403, "forbidden");
    let others = with(server.delete(OWN), one).await.expect(200);
    assert_eq!(others["ended"], 2);
    for (cookie, expected) in [(one, 200), (three, 401), (four, 401), (&bob, 200)] {
        assert_eq!(status(&server, cookie).await, expected, "{cookie}");
    }
    with(server.delete(&path(OWN, one)), one).await.expect(204);
    assert_eq!(status(&server, one).await, 401);

    let rows = server.audit("?kind=session").await;
    let expected =
        |cookie: &str, reason: Value| json!(["delete", "ann@example.com", id(cookie), reason]);
    let found: Vec<_> = ends(&rows).iter().map(|row| json!(row)).collect();
    assert_eq!(found.len(), 4);
    assert_eq!(found[0], expected("ann-1", Value::Null));
    assert_eq!(found[3], expected("ann-2", json!("lost laptop")));
    let before = &rows[3]["changes"][0]["before"];
    assert_eq!(before["name"], "ann@example.com");
    assert_eq!(before["signedInBy"], "identityProvider");
    // As keys, tokens and members, they are of no concern to viewers.
    let viewer = server.with_token("viewer");
    assert_eq!(ends(&viewer.audit("").await), Vec::<[&Value; 4]>::new());
    let viewer = server.get("/api/v1/projects/default/audit?kind=session");
    viewer.token("viewer").await.expect(403);
}

#[tokio::test]
async fn who_sends_a_token_of_nobody_has_no_sessions() {
    let server = Server::new().await;
    begin(&**server.state.store(), ("ann", 1), NOW).await;
    let own = server.get(OWN).token("viewer").await.expect(200);
    assert_eq!(own.items().len(), 0);
    let ended = server.delete(OWN).token("viewer").await.expect(200);
    assert_eq!(ended["ended"], 0);
    server.get(OWN).token("server").await.expect(403);
    server.delete(OWN).token("server").await.expect(403);
    // Of an operator, those of the same name.
    let cookie = signed_in(&server).await;
    let own = with(server.get(OWN), &cookie).await.expect(200);
    assert_eq!(own.column("signedInBy"), ["oneTimeLink"]);
    assert_eq!(own.column("name"), ["ann"]);
}

#[tokio::test]
async fn an_admin_of_all_projects_ends_a_session_of_anybody_or_all_of_a_person() {
    let server = Server::new().await;
    let store = &**server.state.store();
    let mut cookies = Vec::new();
    for (name, number) in [("bob", 1), ("ann", 2), ("ann", 3)] {
        cookies.push(begin(store, (name, number), NOW).await);
    }
    for token in ["viewer", "editor", "admin"] {
        // An admin of one project is not enough.
        server.get(ALL).token(token).await.expect(403);
        let one = path(ALL, &cookies[0]);
        server.delete(&one).token(token).await.expect(403);
        let all = format!("{ALL}?name=ann@example.com");
        server.delete(&all).token(token).await.expect(403);
    }
    assert_eq!(status(&server, &cookies[0]).await, 200);
    let root = server.root().await;
    let project = json!({"name": "shop"});
    root.post("/api/v1/projects", project).await.expect(201);
    let listed = root.get(&format!("{ALL}?sort=name,-createdAt")).await;
    let agents = ["Browser/3", "Browser/2", "Browser/1"];
    assert_eq!(listed.expect(200).column("userAgent"), agents);
    let of_bob = root.get(&format!("{ALL}?name=bob@example.com")).await;
    assert_eq!(of_bob.column("name"), ["bob@example.com"]);

    root.delete(&path(ALL, &cookies[0])).await.expect(204);
    root.delete(&path(ALL, &cookies[0])).await.expect(404);
    root.delete(ALL).await.expect_errors(["?name"]);
    root.delete(&format!("{ALL}?name="))
        .await
        .expect_errors(["?name"]);
    let all = || {
        let call = root.delete(&format!("{ALL}?name=ann@example.com&reason=left"));
        call.header("idempotency-key", "k-1")
    };
    assert_eq!(all().await.expect(200)["ended"], 2);
    let again = all().await.expect(200);
    assert_eq!(again["ended"], 2);
    assert_eq!(again.header("idempotency-replayed"), "true");
    for cookie in &cookies {
        assert_eq!(status(&server, cookie).await, 401);
    }
    // In every project in which they had a role.
    for project in ["default", "shop"] {
        let rows = root
            .get(&format!("/api/v1/projects/{project}/audit?kind=session"))
            .await;
        assert_eq!(ends(rows.items()).len(), 3, "{project}");
        assert_eq!(rows.items()[0]["reason"], "left");
    }
}

#[tokio::test]
async fn a_session_that_was_ended_is_refused_at_once_here_and_soon_at_other_nodes() {
    for database in Database::both().await {
        let node = async || {
            Live::serve(state(&database, RuntimeConfig::default(), Clock::System).await).await
        };
        let (one, other) = (node().await, node().await);
        let now = u64::try_from(Clock::System.now().as_millis()).unwrap();
        let store = database.open().await;
        let (lost, own) = (
            begin(&store, ("ann", 1), now).await,
            begin(&store, ("ann", 2), now).await,
        );
        for node in [&one, &other] {
            assert_eq!(status(node, &lost).await, 200);
        }
        // The use at the other node is stored about once a minute; until then it is as this node knows it.
        let listed = with(one.get(OWN), &own).await.expect(200);
        assert_eq!(listed["total"], 2);
        let ended = with(one.delete(OWN), &own).await.expect(200);
        assert_eq!(ended["ended"], 1);
        assert_eq!(status(&one, &lost).await, 401);
        let is_refused = async || status(&other, &lost).await == 401;
        until("the session is refused at the other node", is_refused).await;
        for node in [&one, &other] {
            assert_eq!(status(node, &own).await, 200);
        }
        // Also one that another node has begun a moment ago.
        let late = begin(&store, ("ann", 3), now).await;
        let ended = with(one.delete(OWN), &own).await.expect(200);
        assert_eq!(ended["ended"], 1);
        let is_refused = async || status(&other, &late).await == 401;
        until("the late session is refused", is_refused).await;
    }
}
