//! Signing secrets in the store: encrypted with the first encryption key at every start, and none of them unusable

use crate::encryption::{DecryptError, EncryptionKeys};
use crate::environment::Author;
use crate::state::AppState;
use crate::store::{
    AccessChange, KeyRow, KeyRules, Origin, RulesChange, SigningSecret, StoreError,
};

/// A signing secret that this server cannot use
#[derive(Debug, thiserror::Error)]
#[error("cannot use the signing secret `{secret}` of the key `{key}`")]
pub struct UnusableSecret {
    /// The id of the key
    key: String,
    /// The id of the secret
    secret: String,
    /// Why
    source: DecryptError,
}

impl UnusableSecret {
    fn new(row: &KeyRow, secret: &SigningSecret, source: DecryptError) -> Self {
        Self {
            key: row.id().to_owned(),
            secret: secret.id.clone(),
            source,
        }
    }
}

/// Why signing secrets could not be encrypted
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// One of them is unusable
    #[error(transparent)]
    Unusable(#[from] UnusableSecret),
    /// The store
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Refuses keys with a secret that cannot be decrypted: nothing is lost, and the right encryption key makes it usable again
pub(crate) fn check(rows: &[KeyRow], keys: &EncryptionKeys) -> Result<(), UnusableSecret> {
    let secrets = rows
        .iter()
        .flat_map(|row| row.rules.secrets.iter().map(move |secret| (row, secret)));
    for (row, secret) in secrets {
        let unusable = |source| UnusableSecret::new(row, secret, source);
        secret.decrypt(keys).map_err(unusable)?;
    }
    Ok(())
}

/// Encrypts those that are not, or with another key than the first, which can be left out afterwards
pub(crate) async fn encrypt_all(state: &AppState) -> Result<(), SecretsError> {
    let mut has_changed = false;
    for key in state.keyring().iter() {
        let row = key.row();
        let after = encrypted(row, state)?;
        let Some(project_id) = row.project_id.filter(|_| after != row.rules) else {
            continue;
        };
        let change = AccessChange {
            project_id,
            environment_id: row.environment_id,
            author: Author {
                actor: "flagstaff".into(),
                at: state.now(),
                reason: None,
                origin: Origin::default(),
            },
            made: None,
            ended: None,
            rules: Some(RulesChange {
                hash: row.hash.clone(),
                before: row.rules.clone(),
                after,
            }),
            member: None,
            // Nothing that anybody could see has changed.
            audit: Vec::new(),
        };
        match state.store().change_access(change).await {
            // Another node was first, or the key has been revoked.
            Ok(()) | Err(StoreError::Changed | StoreError::NoKey) => has_changed = true,
            Err(error) => return Err(error.into()),
        }
    }
    if has_changed {
        state.refresh_keys().await?;
        tracing::info!("signing secrets were encrypted with the first encryption key");
    }
    Ok(())
}

fn encrypted(row: &KeyRow, state: &AppState) -> Result<KeyRules, UnusableSecret> {
    let keys = &state.limits().encryption_keys;
    let mut rules = row.rules.clone();
    for secret in &mut rules.secrets {
        let encrypted = secret.encrypted(keys);
        *secret = encrypted.map_err(|source| UnusableSecret::new(row, secret, source))?;
    }
    Ok(rules)
}
