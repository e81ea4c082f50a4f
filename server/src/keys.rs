//! The keys that a server starts with: given ones are made sure of, missing ones are made and shown once

use flagstaff_core::Timestamp;
use rand::distr::{Alphanumeric, SampleString as _};

use crate::auth::{self, KeyKind, Keyring};
use crate::config::ServeOptions;
use crate::store::{EnvironmentRow, KeyRow, Store, StoreError};

/// Random characters of a token: 62^32 of them, about 190 bits
const TOKEN_LENGTH: usize = 32;

/// A token that is known now and never again
#[derive(Debug)]
pub(crate) struct NewKey {
    pub(crate) kind: KeyKind,
    pub(crate) token: String,
}

/// Stores the keys that were given and one of each kind that there is none of; answers the latter
pub(crate) async fn ensure(
    store: &dyn Store,
    options: &ServeOptions,
    environment: &EnvironmentRow,
    now: Timestamp,
) -> Result<Vec<NewKey>, StoreError> {
    let mut made = Vec::new();
    let keyring = Keyring::new(store.keys().await?);
    for kind in KeyKind::ALL {
        let token = match given(options, kind) {
            Some(token) => token.to_owned(),
            None if keyring.has(kind) => continue,
            None => {
                let token = format!(
                    "{}{}",
                    kind.prefix(),
                    Alphanumeric.sample_string(&mut rand::rng(), TOKEN_LENGTH)
                );
                made.push(NewKey {
                    kind,
                    token: token.clone(),
                });
                token
            }
        };
        store
            .ensure_key(row(kind, &token, environment, now))
            .await?;
    }
    Ok(made)
}

fn given(options: &ServeOptions, kind: KeyKind) -> Option<&str> {
    let secret = match kind {
        KeyKind::Admin => &options.admin_token,
        KeyKind::Server => &options.server_key,
        KeyKind::Client => &options.client_key,
        KeyKind::ClientLocal => &options.client_local_key,
    };
    secret.as_ref().map(crate::config::Secret::reveal)
}

fn row(kind: KeyKind, token: &str, environment: &EnvironmentRow, now: Timestamp) -> KeyRow {
    KeyRow {
        hash: auth::hash(token),
        kind,
        project_id: environment.project_id,
        environment_id: (kind != KeyKind::Admin).then_some(environment.id),
        name: kind.name().to_owned(),
        created_at: now,
    }
}
