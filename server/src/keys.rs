//! The keys that a server starts with: given ones are made sure of, missing ones are made and shown once

use flagstaff_core::Timestamp;

use crate::auth::{self, KeyKind};
use crate::config::ServeOptions;
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

/// Makes a key of each kind that was not given and that there is none of; answers those that it made
pub(crate) async fn found_missing(
    store: &dyn Store,
    options: &ServeOptions,
    environment: &EnvironmentRow,
    now: Timestamp,
) -> Result<Vec<NewKey>, StoreError> {
    let mut made = Vec::new();
    let missing = FIRST
        .into_iter()
        .filter(|kind| given(options, *kind).is_none());
    for kind in missing {
        let token = auth::draw_token(kind);
        let row = row(kind, &token, environment, now);
        if store.found_key(row).await? {
            made.push(NewKey { kind, token });
        }
    }
    Ok(made)
}

fn given(options: &ServeOptions, kind: KeyKind) -> Option<&str> {
    let secret = match kind {
        KeyKind::Admin => &options.admin_token,
        KeyKind::Server => &options.server_key,
        KeyKind::Client => &options.client_key,
        KeyKind::ClientLocal => &options.client_local_key,
        KeyKind::Viewer | KeyKind::Editor => &None,
    };
    secret.as_ref().map(crate::config::Secret::reveal)
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
