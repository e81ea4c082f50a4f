//! Signing in to the admin UI: one-time links, the session of the cookie, and the identity provider

use std::time::Duration;

use flagstaff_core::Timestamp;
use flagstaff_server::auth::hash;
use flagstaff_server::sign_in::SignIn;
use flagstaff_server::store::{LinkRow, Store};
use flagstaff_server::{Rates, RuntimeConfig};
use serde_json::json;

use crate::support::{Answer, Call, NOW, Requests, Server, on};

mod links;
mod nodes;
mod open_sessions;
mod options;
mod provider;
mod sessions;

const LINK: &str = "/api/v1/sign-in/link";
const SIGN_OUT: &str = "/api/v1/sign-out";
const ME: &str = "/api/v1/me";
const MINUTE: u64 = 60_000;

/// Stores a link of Ann's with this code, which can be used for a quarter of an hour
async fn create_link(store: &dyn Store, code: &str, now: u64) {
    let at = |millis: u64| Timestamp::from_millis(i64::try_from(millis).unwrap());
    let link = LinkRow {
        hash: hash(code),
        name: "ann".to_owned(),
        expires_at: at(now.saturating_add(15 * MINUTE)),
    };
    store.create_link(link, at(now)).await.unwrap();
}

/// As a page of the server itself sends it
fn same_origin(call: Call) -> Call {
    call.anonymous().header("sec-fetch-site", "same-origin")
}

fn exchange(server: &impl Requests, code: &str) -> Call {
    same_origin(server.post(LINK, json!({"code": code})))
}

/// The cookies that a response sets, as a browser sends them, with their attributes
fn cookies(answer: &Answer) -> Vec<(String, String)> {
    let set = answer.headers.get_all("set-cookie").iter();
    let set = set.map(|header| {
        let (cookie, attributes) = header.to_str().unwrap().split_once("; ").unwrap();
        (cookie.to_owned(), attributes.to_owned())
    });
    set.collect()
}

/// The session's cookie that a response sets, as a browser sends it
fn session(answer: &Answer) -> String {
    let session = cookies(answer).into_iter().map(|(cookie, _)| cookie);
    let mut session = session.filter(|cookie| cookie.contains("flagstaff_session="));
    session.next().expect("a session")
}

/// The cookie of Ann, who is signed in by a link
async fn signed_in(server: &Server) -> String {
    create_link(&**server.state.store(), "code", NOW).await;
    session(&exchange(server, "code").await.expect(204))
}

/// A request of the server's own page with a cookie
fn with(call: Call, cookie: &str) -> Call {
    same_origin(call).header("cookie", cookie)
}
