//! The keys that a server starts with: given ones are made sure of, missing ones are made and shown once

use flagstaff_core::Timestamp;

use crate::auth::{self, KeyKind};
use crate::config::{Secret, ServeOptions};
use crate::store::{EnvironmentRow, KeyRow, KeyRules, Store, StoreError};

/// What there is one of from the first start on
const FIRST: [KeyKind; 4] = [
    KeyKind::Admin,
    KeyKind::Server,
    KeyKind::Client,
    KeyKind::ClientLocal,
];

/// A token that is known now and never again
#[derive(Debug)]
pub(crate) struct NewKey {
    pub(crate) kind: KeyKind,
    pub(crate) token: String,
}

/// Stores the keys that were given
pub(crate) async fn ensure_given(
    store: &dyn Store,
    options: &ServeOptions,
    environment: &EnvironmentRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    for kind in FIRST {
        if let Some(token) = given(options, kind) {
            store.ensure_key(row(kind, token, environment, now)).await?;
        }
    }
    Ok(())
}

/// Makes a key of each kind that was not given and that there is none of; returns those that it made, of which nobody else knows
pub(crate) async fn found_missing(
    store: &dyn Store,
    options: &ServeOptions,
    environment: &EnvironmentRow,
    now: Timestamp,
) -> Result<Vec<NewKey>, StoreError> {
    let missing = FIRST
        .into_iter()
        .filter(|kind| given(options, *kind).is_none());
    let mut keys: Vec<NewKey> = missing
        .map(|kind| NewKey {
            kind,
            token: auth::draw_token(kind),
        })
        .collect();
    let rows = keys
        .iter()
        .map(|key| row(key.kind, &key.token, environment, now));
    let made = store.found_keys(rows.collect()).await?;
    keys.retain(|key| made.contains(&auth::hash(&key.token)));
    Ok(keys)
}

/// Deletes keys that could not be told
pub(crate) async fn drop_untold(store: &dyn Store, keys: &[NewKey]) -> Result<(), StoreError> {
    let hashes = keys.iter().map(|key| auth::hash(&key.token));
    store.drop_keys(hashes.collect()).await
}

fn given(options: &ServeOptions, kind: KeyKind) -> Option<&str> {
    let secret = match kind {
        KeyKind::Admin => &options.admin_token,
        KeyKind::Server => &options.server_key,
        KeyKind::Client => &options.client_key,
        KeyKind::ClientLocal => &options.client_local_key,
        KeyKind::Viewer | KeyKind::Editor => &None,
    };
    secret.as_ref().map(Secret::reveal)
}

fn row(kind: KeyKind, token: &str, environment: &EnvironmentRow, now: Timestamp) -> KeyRow {
    let is_token = KeyKind::ROLES.contains(&kind);
    KeyRow {
        hash: auth::hash(token),
        kind,
        project_id: (!is_token).then_some(environment.project_id),
        environment_id: (!is_token).then_some(environment.id),
        name: kind.name().to_owned(),
        hint: auth::hint(token).to_owned(),
        created_at: now,
        expires_at: None,
        rules: KeyRules::default(),
    }
}
