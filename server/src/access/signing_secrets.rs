//! Signing secrets in the store: checked at every start, and encrypted with the first encryption key

use crate::access::state::AccessState;
use crate::crypto::encryption::{DecryptError, EncryptionKeys};
use crate::engine::environment::Author;
use crate::store::{
    AccessChange, BrowserPolicy, CredentialRow, Origin, RulesChange, SigningSecret, StoreError,
};

/// A signing secret that this server cannot decrypt
#[derive(Debug, thiserror::Error)]
#[error("cannot use the signing secret `{secret}` of the key `{key}`")]
pub struct UnusableSecret {
    /// The id of the key
    key: String,
    /// The id of the secret
    secret: String,
    /// The cause
    source: DecryptError,
}

impl UnusableSecret {
    fn new(row: &CredentialRow, secret: &SigningSecret, source: DecryptError) -> Self {
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
    /// One of them cannot be decrypted
    #[error(transparent)]
    Unusable(#[from] UnusableSecret),
    /// The store failed
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Fails if a secret cannot be decrypted; nothing is lost, since the right encryption key makes it usable again
pub(crate) fn check(rows: &[CredentialRow], keys: &EncryptionKeys) -> Result<(), UnusableSecret> {
    let secrets = rows
        .iter()
        .flat_map(|row| row.rules.secrets.iter().map(move |secret| (row, secret)));
    for (row, secret) in secrets {
        let unusable = |source| UnusableSecret::new(row, secret, source);
        secret.decrypt(keys).map_err(unusable)?;
    }
    Ok(())
}

/// Encrypts the secrets that are not encrypted with the first key, so that older keys can be removed
pub(crate) async fn encrypt_all(state: &AccessState) -> Result<(), SecretsError> {
    let mut has_changed = false;
    for key in state.access_index().iter() {
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
                at: state.engine.now(),
                reason: Some("the first encryption key has changed".to_owned()),
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
            // Nothing visible has changed.
            audit: Vec::new(),
        };
        match state.engine.store().change_access(change).await {
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

fn encrypted(row: &CredentialRow, state: &AccessState) -> Result<BrowserPolicy, UnusableSecret> {
    let keys = &state.encryption_keys;
    let mut rules = row.rules.clone();
    for secret in &mut rules.secrets {
        let encrypted = secret.encrypted(keys);
        *secret = encrypted.map_err(|source| UnusableSecret::new(row, secret, source))?;
    }
    Ok(rules)
}
