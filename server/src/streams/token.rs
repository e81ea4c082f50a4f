//! Short-lived tokens for streams of refetch events, for clients that cannot send headers: a browser's `EventSource`
//!
//! `KEY_ID.END.MAC`, where the MAC is computed with the key's hash: every node can check it, nothing is stored, and it is valid only as
//! long as its key. Anybody who finds a token in a log can learn when flags change, and nothing else.

use std::sync::Arc;

use flagstaff_core::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::access::auth::{AccessIndex, Key};
use crate::store::CredentialRow;

/// Milliseconds; tokens made within one window are equal, so that a client that evaluates again keeps its stream
const WINDOW: i64 = 12 * 3_600 * 1_000;

/// When a token made now expires, in milliseconds since 1970: after one to two windows
pub(crate) fn end(now: Timestamp) -> i64 {
    let windows = now.as_millis().div_euclid(WINDOW);
    windows.saturating_add(2).saturating_mul(WINDOW)
}

/// A token for the refetch events of a key
pub(crate) fn issue(key: &CredentialRow, now: Timestamp) -> String {
    let end = end(now);
    let mac = mac(key, end).map(|mac| hex::encode(mac.finalize().into_bytes()));
    format!("{}.{end}.{}", key.id(), mac.unwrap_or_default())
}

/// The key of a token, if neither has expired
pub(crate) fn find(token: &str, access_index: &AccessIndex, now: Timestamp) -> Option<Arc<Key>> {
    let mut parts = token.split('.');
    let (id, end, given) = (parts.next()?, parts.next()?, parts.next()?);
    let end: i64 = end.parse().ok()?;
    let key = access_index.iter().find(|key| key.row().id() == id)?;
    let is_in_time = now.as_millis() < end && !key.row().has_expired(now);
    let is_genuine = mac(key.row(), end)?
        .verify_slice(&hex::decode(given).ok()?)
        .is_ok();
    (is_in_time && is_genuine && parts.next().is_none()).then(|| Arc::clone(key))
}

fn mac(key: &CredentialRow, end: i64) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.hash.as_bytes()).ok()?;
    mac.update(format!("notices\n{end}").as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::auth::hash;
    use crate::crypto::encryption::EncryptionKeys;
    use crate::store::{Access, BrowserPolicy, CredentialKind};

    fn key(token: &str, expires_at: Option<i64>) -> CredentialRow {
        CredentialRow {
            hash: hash(token),
            kind: CredentialKind::Client,
            project_id: Some(1),
            environment_id: Some(1),
            name: token.to_owned(),
            hint: String::new(),
            created_at: Timestamp::from_millis(0),
            expires_at: expires_at.map(Timestamp::from_millis),
            rules: BrowserPolicy::default(),
            owner: None,
        }
    }

    fn access_index(rows: Vec<CredentialRow>) -> AccessIndex {
        let access = Access {
            rows,
            ..Access::default()
        };
        AccessIndex::new(access, &AccessIndex::default(), &EncryptionKeys::default())
    }

    #[test]
    fn a_token_is_good_for_its_key_until_it_ends() {
        let row = key("one", None);
        let keys = access_index(vec![row.clone(), key("other", None)]);
        let now = Timestamp::from_millis(5 * WINDOW + 1);
        let token = issue(&row, now);
        let found = |token: &str, now: i64| {
            find(token, &keys, Timestamp::from_millis(now)).map(|key| key.row().name.clone())
        };
        assert_eq!(found(&token, now.as_millis()).as_deref(), Some("one"));
        assert_eq!(found(&token, 7 * WINDOW - 1).as_deref(), Some("one"));
        assert_eq!(found(&token, 7 * WINDOW), None, "it has ended");
        assert_eq!(token, issue(&row, Timestamp::from_millis(6 * WINDOW - 1)));
        assert_ne!(token, issue(&row, Timestamp::from_millis(6 * WINDOW)));
    }

    #[test]
    fn nothing_else_is_a_token() {
        let row = key("one", None);
        let other = key("other", None);
        let now = Timestamp::from_millis(WINDOW);
        let token = issue(&row, now);
        let keys = access_index(vec![row.clone(), other.clone()]);
        let wrong = [
            String::new(),
            "..".to_owned(),
            "one".to_owned(),
            format!("{token}.x"),
            format!("{token}0"),
            format!("{}.00", token.rsplit_once('.').unwrap().0),
            token.replace(row.id(), other.id()),
            token.replace(&end(now).to_string(), &(end(now) + 1).to_string()),
            token.rsplit_once('.').unwrap().0.to_owned() + ".",
        ];
        for token in wrong {
            assert!(find(&token, &keys, now).is_none(), "{token}");
        }
        assert!(
            find(&token, &access_index(vec![other]), now).is_none(),
            "revoked"
        );
        let expired = access_index(vec![key("one", Some(WINDOW))]);
        assert!(find(&token, &expired, now).is_none(), "expired");
    }
}
