//! The copy in Redis: kept up by every node that is up to date, read by one that starts without the database

use std::sync::Arc;

use flagstaff_core::Timestamp;

use super::{CURRENT_AT, CacheError, Redis, version_of};
use crate::copy::{self, ServerCopy};
use crate::state::AppState;

const ACCESS: &str = "access";
const ENVIRONMENT: &str = "environment:";

impl Redis {
    /// Brings the copy to where this node is, part by part, and vouches for it; what another node has made newer stays
    pub(super) async fn save(&self, state: &AppState) -> Result<(), CacheError> {
        let now = state.now().as_millis();
        let stale_for = i64::try_from(state.contact().stale_for().as_millis()).unwrap_or(now);
        let current_at = Timestamp::from_millis(now.saturating_sub(stale_for));
        let keyring = state.keyring();
        let environments = state.environments();
        let epoch = environments
            .first()
            .map(|first| Arc::clone(&first.current().identity().epoch));
        let latest = format!("{}.{}", epoch.unwrap_or_default(), keyring.version());
        let held = self.field(&version_of(ACCESS)).await?;
        if is_newer(&latest, held.as_deref()) {
            let text = copy::write_access(&keyring)?;
            self.set(ACCESS, held.as_deref(), &latest, &text).await?;
        }
        for environment in environments {
            let published = environment.current();
            let part = format!("{ENVIRONMENT}{}", environment.row().id);
            let latest = format!("{}.{}", published.identity().epoch, published.revision());
            let held = self.field(&version_of(&part)).await?;
            if is_newer(&latest, held.as_deref()) {
                let text = copy::write_environment(&published)?;
                self.set(&part, held.as_deref(), &latest, &text).await?;
            }
        }
        self.vouch(current_at).await
    }

    /// The copy, if there is a whole one
    pub(crate) async fn load(&self) -> Result<Option<ServerCopy>, CacheError> {
        let fields = self.fields().await?;
        let mut access = None;
        let mut current_at = None;
        let mut environments = Vec::new();
        for (name, text) in &fields {
            if name == ACCESS {
                access = Some(copy::read_access(text)?);
            } else if name == CURRENT_AT {
                current_at = text.parse().ok().map(Timestamp::from_millis);
            } else if name.starts_with(ENVIRONMENT) {
                environments.push(copy::read_environment(text)?);
            }
        }
        let whole = access.zip(current_at).filter(|_| !environments.is_empty());
        Ok(whole.map(|(access, current_at)| ServerCopy {
            current_at,
            environments,
            access,
        }))
    }
}

/// Whether a version, a lineage and a number, is ahead of the one held; versions of different lineages cannot be compared, and the asker's is current
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
