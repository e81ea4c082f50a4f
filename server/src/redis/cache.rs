//! The copy in Redis: written by every node that is up to date, read by a node that starts while the database is unreachable

use std::collections::BTreeMap;
use std::sync::Arc;

use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CacheError, KEPT_SECONDS, Redis, VOUCHER, version_of};
use crate::access::state::AccessState;
use crate::engine::published::EnvironmentIdentity;
use crate::redis::cached_state::{self, ServerCache};
use crate::runtime::offload::offload;

const ACCESS: &str = "access";
const ENVIRONMENT: &str = "environment:";

/// The least versions of the copy's parts at an instant
///
/// Encryption alone does not prevent somebody from replacing a part by an older one; with these versions no part can be older than the
/// others.
#[derive(Serialize, Deserialize)]
struct Voucher {
    at: i64,
    versions: BTreeMap<String, String>,
}

impl Redis {
    /// Updates each part of the copy to this node's state and signs it as current; parts that another node has made newer stay
    pub(super) async fn save(&self, state: &AccessState) -> Result<(), CacheError> {
        if self.keys.is_empty() {
            return self.ping().await;
        }
        let now = state.engine.now().as_millis();
        let stale_for =
            i64::try_from(state.engine.store_health().stale_for().as_millis()).unwrap_or(now);
        let access_index = state.access_index();
        let environments = state.engine.environments();
        let epoch = environments
            .first()
            .map(|first| Arc::clone(&first.current().identity().epoch));
        let mut versions = BTreeMap::new();
        let latest = format!("{}.{}", epoch.unwrap_or_default(), access_index.version());
        self.save_part(ACCESS, &latest, move || {
            cached_state::write_access(&access_index)
        })
        .await?;
        versions.insert(ACCESS.to_owned(), latest);
        for environment in environments {
            let published = environment.current();
            let part = format!("{ENVIRONMENT}{}", environment.row().id);
            // With the names: a renamed environment has the same revision.
            let EnvironmentIdentity { epoch, row } = &**published.identity();
            let (project, name) = (&row.project, &row.name);
            let latest = format!("{epoch}/{project}/{name}.{}", published.revision());
            self.save_part(&part, &latest, move || {
                cached_state::write_environment(&published)
            })
            .await?;
            versions.insert(part, latest);
        }
        let at = now.saturating_sub(stale_for);
        let voucher =
            serde_json::to_vec(&Voucher { at, versions }).map_err(|_| cached_state::Unreadable)?;
        self.set_voucher(&self.encrypt(VOUCHER, "", voucher)?).await
    }

    async fn save_part(
        &self,
        part: &str,
        latest: &str,
        write: impl FnOnce() -> Result<String, cached_state::Unreadable> + Send + 'static,
    ) -> Result<(), CacheError> {
        let held = self.field(&version_of(part)).await?;
        let held = held.as_deref();
        // A version that no node has written says nothing about the part.
        let version = held.and_then(|held| self.authentic(part, held));
        if !is_newer(latest, version) {
            return Ok(());
        }
        let (keys, purpose) = (self.keys.clone(), self.purpose(part, latest));
        let written =
            offload(move || Ok::<_, CacheError>(keys.encrypt(&purpose, write()?.into_bytes())));
        let encrypted = written.await??.ok_or(CacheError::NoKeys)?;
        let code = self.keys.authenticate(&self.purpose(part, ""), latest);
        let latest = format!("{latest}.{}", code.ok_or(CacheError::NoKeys)?);
        self.set(part, held, &latest, &encrypted).await
    }

    /// The copy, if there is one
    pub(crate) async fn load(&self, now: Timestamp) -> Result<Option<ServerCache>, CacheError> {
        let [Some(voucher)] = self.fields([VOUCHER]).await? else {
            return Ok(None);
        };
        if self.keys.is_empty() {
            return Err(CacheError::NoKeys);
        }
        let voucher = self.decrypt(VOUCHER, "", &voucher)?;
        let voucher: Voucher =
            serde_json::from_slice(&voucher).map_err(|_| cached_state::Unreadable)?;
        let current_at = Timestamp::from_millis(voucher.at);
        // Redis deletes it when it expires, unless somebody puts it back.
        if now.as_millis().saturating_sub(voucher.at) > KEPT_SECONDS.saturating_mul(1_000) {
            return Err(CacheError::Old { at: current_at });
        }
        let mut access = None;
        let mut environments = Vec::new();
        for (part, least) in &voucher.versions {
            let text = self.part(part, least).await?;
            if part == ACCESS {
                access = Some(cached_state::read_access(&text)?);
            } else {
                environments.push(cached_state::read_environment(&text)?);
            }
        }
        let whole = access.filter(|_| !environments.is_empty());
        Ok(whole.map(|access| ServerCache {
            current_at,
            environments,
            access,
        }))
    }

    /// A part of the copy at this version, or a later one with the same epoch
    async fn part(&self, part: &str, least: &str) -> Result<String, CacheError> {
        let mixed = || CacheError::Mixed {
            part: part.to_owned(),
        };
        let [Some(held), Some(encrypted)] = self.fields([&version_of(part), part]).await? else {
            return Err(mixed());
        };
        let held = std::str::from_utf8(&held).map_err(|_| mixed())?;
        let version = self.authentic(part, held).ok_or_else(mixed)?;
        if is_newer(least, Some(version)) {
            return Err(mixed());
        }
        let text = self.decrypt(part, version, &encrypted)?;
        String::from_utf8(text).map_err(|_| cached_state::Unreadable.into())
    }

    /// The version without its authentication code, if a node wrote it; the text is `EPOCH.NUMBER.CODE`
    fn authentic<'v>(&self, part: &str, version: &'v str) -> Option<&'v str> {
        let (version, code) = version.rsplit_once('.')?;
        let is_authentic = self
            .keys
            .is_authentic(&self.purpose(part, ""), version, code);
        is_authentic.then_some(version)
    }

    fn encrypt(&self, part: &str, version: &str, text: Vec<u8>) -> Result<Vec<u8>, CacheError> {
        let encrypted = self.keys.encrypt(&self.purpose(part, version), text);
        encrypted.ok_or(CacheError::NoKeys)
    }

    fn decrypt(&self, part: &str, version: &str, encrypted: &[u8]) -> Result<Vec<u8>, CacheError> {
        let decrypted = self.keys.decrypt(&self.purpose(part, version), encrypted);
        decrypted.map_err(|source| CacheError::Decrypt {
            part: part.to_owned(),
            source,
        })
    }

    /// The purpose of an encryption: deployment, part and version, so that no part can be taken for another
    fn purpose(&self, part: &str, version: &str) -> String {
        format!("{} {part} {version}", self.hash)
    }
}

/// Whether a version (epoch and number) is newer than `held`; versions of different epochs cannot be compared, and then this node's
/// version counts as newer
fn is_newer(version: &str, held: Option<&str>) -> bool {
    let parse = |version: &str| {
        let (lineage, number) = version.rsplit_once('.')?;
        Some((lineage.to_owned(), number.parse::<u64>().ok()?))
    };
    match (parse(version), held.and_then(parse)) {
        (Some((lineage, number)), Some((other, held))) => lineage != other || number > held,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::is_newer;

    #[test]
    fn a_copy_is_replaced_by_a_newer_one_or_one_of_another_lineage() {
        assert!(is_newer("e.2", Some("e.1")) && is_newer("e.10", Some("e.9")));
        assert!(!is_newer("e.2", Some("e.2")) && !is_newer("e.9", Some("e.10")));
        assert!(
            is_newer("e.1", Some("f.9")) && is_newer("e.1", None) && is_newer("e.1", Some("x"))
        );
    }
}
