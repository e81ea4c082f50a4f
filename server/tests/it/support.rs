//! Servers of tests, and how to talk to them: [`Server`], [`Live`] or [`Process`] is one, [`Requests`] sends it requests,
//! and an [`Answer`] says what is expected of the response

mod answer;
mod database;
mod deaf;
mod follower;
mod issuer;
mod live;
mod postgres;
mod process;
mod request;
mod server;
mod service;
mod wait;

use serde_json::{Value, json};

pub(crate) use answer::{Answer, column, text};
pub(crate) use database::{Database, execute, sql};
pub(crate) use deaf::Deaf;
pub(crate) use follower::{Event, Follower, events};
pub(crate) use issuer::{Says, Signer, TestIssuer, base64};
pub(crate) use live::{Connection, Live};
pub(crate) use postgres::Cluster;
pub(crate) use process::{ADMIN, Printed, Process, flagstaff, plain, printed, refusal};
pub(crate) use request::{Call, Content, Requests};
pub(crate) use server::{NOW, Server, key, state, store_keys};
pub(crate) use service::Service;
pub(crate) use wait::{PATIENCE, in_time, simultaneously, until};

pub(crate) const FLAGS: &str = "/api/v1/projects/default/environments/production/flags";

/// A boolean flag that is on for everybody, in the short form
pub(crate) fn on() -> Value {
    json!({"enabled": true})
}

/// A flag that pages see
pub(crate) fn for_pages(mut flag: Value) -> Value {
    flag["clientSide"] = json!(true);
    flag
}

/// A boolean flag that serves a variant, `on` or `off`, to everybody
pub(crate) fn boolean(serve: &str) -> Value {
    json!({"type": "boolean", "enabled": true, "serve": serve})
}

/// A client for servers behind a socket
fn http() -> reqwest::Client {
    // An error says that another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}
