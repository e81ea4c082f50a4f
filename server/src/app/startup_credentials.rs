//! The keys of a start: given ones are stored, missing ones are created and shown once

use flagstaff_core::Timestamp;

use crate::config::{Secret, ServeOptions};
use crate::crypto::token;
use crate::store::{
    BrowserPolicy, CredentialKind, CredentialRow, EnvironmentRow, Store, StoreError,
};

/// Credentials that the first start creates
const FIRST: [CredentialKind; 4] = [
    CredentialKind::Admin,
    CredentialKind::Server,
    CredentialKind::Client,
    CredentialKind::ClientLocal,
];

/// A token that is shown only now
#[derive(Debug)]
pub(crate) struct StartupCredential {
    pub(crate) kind: CredentialKind,
    pub(crate) token: String,
}

/// Stores the given keys
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

/// Creates a key of each kind that was not given and does not exist; returns those that it created
pub(crate) async fn create_missing(
    store: &dyn Store,
    options: &ServeOptions,
    environment: &EnvironmentRow,
    now: Timestamp,
) -> Result<Vec<StartupCredential>, StoreError> {
    let missing = FIRST
        .into_iter()
        .filter(|kind| given(options, *kind).is_none());
    let mut keys: Vec<StartupCredential> = missing
        .map(|kind| StartupCredential {
            kind,
            token: token::generate(kind.prefix()),
        })
        .collect();
    let rows = keys
        .iter()
        .map(|key| row(key.kind, &key.token, environment, now));
    let made = store.insert_credentials_if_none(rows.collect()).await?;
    keys.retain(|key| made.contains(&token::hash(&key.token)));
    Ok(keys)
}

/// Deletes keys that could not be shown
pub(crate) async fn drop_untold(
    store: &dyn Store,
    keys: &[StartupCredential],
) -> Result<(), StoreError> {
    let hashes = keys.iter().map(|key| token::hash(&key.token));
    store.drop_keys(hashes.collect()).await
}

fn given(options: &ServeOptions, kind: CredentialKind) -> Option<&str> {
    let secret = match kind {
        CredentialKind::Admin => &options.admin_token,
        CredentialKind::Server => &options.server_key,
        CredentialKind::Client => &options.client_key,
        CredentialKind::ClientLocal => &options.client_local_key,
        CredentialKind::Viewer | CredentialKind::Editor => &None,
    };
    secret.as_ref().map(Secret::reveal)
}

fn row(
    kind: CredentialKind,
    token: &str,
    environment: &EnvironmentRow,
    now: Timestamp,
) -> CredentialRow {
    let is_token = CredentialKind::ROLES.contains(&kind);
    CredentialRow {
        hash: token::hash(token),
        kind,
        project_id: (!is_token).then_some(environment.project_id),
        environment_id: (!is_token).then_some(environment.id),
        name: kind.name().to_owned(),
        hint: token::hint(token).to_owned(),
        created_at: now,
        expires_at: None,
        rules: BrowserPolicy::default(),
        owner: None,
    }
}
