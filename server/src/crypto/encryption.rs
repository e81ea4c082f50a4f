//! Encryption of what is stored outside this process: signing secrets in the database, the copy in Redis
//!
//! The keys come from the configuration. So whoever can read or write the database or Redis has neither the secrets nor the means to forge
//! something that a node accepts. ChaCha20-Poly1305 of ring, with a derived key for each purpose ([`sealed`]): what was encrypted for one
//! purpose cannot be decrypted for another.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::crypto::token_encryption;

/// The number of bytes in a key of ChaCha20-Poly1305 and HMAC-SHA256
const MIN_LENGTH: usize = 32;
const MAX_LENGTH: usize = 200;
/// One key in use, one that replaces it, and some that were not removed yet
const MAX_KEYS: usize = 8;
/// Hexadecimal digits of a key's id
const ID_LENGTH: usize = 8;

/// The keys of `--encryption-keys`: the first encrypts, all decrypt
#[derive(Clone, Default)]
pub struct EncryptionKeys(Vec<EncryptionKey>);

#[derive(Clone)]
struct EncryptionKey {
    id: String,
    secret: String,
}

/// Why a text is not a list of encryption keys; the message contains nothing of the text, which is secret
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected 1 to {MAX_KEYS} keys separated by commas, each of {MIN_LENGTH} to {MAX_LENGTH} visible ASCII characters and random, \
     as `openssl rand -base64 32` makes them"
)]
pub struct InvalidEncryptionKeys;

/// Why something cannot be decrypted
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecryptError {
    /// It was encrypted with a key that this server does not have
    #[error(
        "it is encrypted with the encryption key of id {id}, and this server has {}: add that key to `--encryption-keys`",
        list(.held)
    )]
    UnknownKey {
        /// The id of the key that is needed
        id: String,
        /// The ids of this server's keys
        held: Vec<String>,
    },
    /// It was changed, or was encrypted for another purpose
    #[error("it was not encrypted by a server with this encryption key, or has been changed since")]
    Forged,
}

fn list(ids: &[String]) -> String {
    match ids {
        [] => "none".to_owned(),
        ids => format!("only those of id {}", ids.join(", ")),
    }
}

impl fmt::Debug for EncryptionKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.ids()).finish()
    }
}

impl FromStr for EncryptionKeys {
    type Err = InvalidEncryptionKeys;

    fn from_str(list: &str) -> Result<Self, InvalidEncryptionKeys> {
        let keys = list.split(',').map(|secret| {
            // Files and secret stores often add a line break.
            let secret = secret.trim();
            let is_key = (MIN_LENGTH..=MAX_LENGTH).contains(&secret.len())
                && secret.bytes().all(|byte| byte.is_ascii_graphic());
            let key = EncryptionKey {
                id: id(secret),
                secret: secret.to_owned(),
            };
            is_key.then_some(key).ok_or(InvalidEncryptionKeys)
        });
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        (keys.len() <= MAX_KEYS)
            .then_some(Self(keys))
            .ok_or(InvalidEncryptionKeys)
    }
}

/// The id by which a key is named in messages
fn id(secret: &str) -> String {
    let id = hmac(secret, &["flagstaff encryption key"])
        .map(|hmac| hex::encode(hmac.finalize().into_bytes()));
    let id = id.unwrap_or_default();
    id.get(..ID_LENGTH).unwrap_or_default().to_owned()
}

fn hmac(secret: &str, parts: &[&str]) -> Option<Hmac<Sha256>> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    for part in parts {
        hmac.update(part.as_bytes());
        // No part contains a NUL, so no two lists of parts are the same.
        hmac.update(b"\0");
    }
    Some(hmac)
}

impl EncryptionKeys {
    /// Whether there are no keys
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| &*key.id)
    }

    /// Encrypts with the first key; `None` if there is none
    pub(crate) fn encrypt(&self, purpose: &str, plain: Vec<u8>) -> Option<Vec<u8>> {
        let key = self.0.first()?;
        let sealed = token_encryption::encrypt_bytes(&key.secret, purpose, plain)?;
        Some([key.id.as_bytes(), b".", &sealed].concat())
    }

    /// Decrypts what was encrypted for this purpose
    pub(crate) fn decrypt(&self, purpose: &str, encrypted: &[u8]) -> Result<Vec<u8>, DecryptError> {
        let (id, sealed) = encrypted
            .split_at_checked(ID_LENGTH)
            .and_then(|(id, rest)| Some((std::str::from_utf8(id).ok()?, rest.strip_prefix(b".")?)))
            .filter(|(id, _)| hex::decode(id).ok().is_some())
            .ok_or(DecryptError::Forged)?;
        let key = self.0.iter().find(|key| key.id == id);
        let key = key.ok_or_else(|| DecryptError::UnknownKey {
            id: id.to_owned(),
            held: self.ids().map(str::to_owned).collect(),
        })?;
        token_encryption::decrypt_bytes(&key.secret, purpose, sealed.to_vec())
            .ok_or(DecryptError::Forged)
    }

    /// Encrypts to a text
    pub(crate) fn encrypt_text(&self, purpose: &str, plain: &str) -> Option<String> {
        let encrypted = self.encrypt(purpose, plain.as_bytes().to_vec())?;
        let (id, sealed) = encrypted.split_at_checked(ID_LENGTH.saturating_add(1))?;
        Some(format!(
            "{}{}",
            std::str::from_utf8(id).ok()?,
            hex::encode(sealed)
        ))
    }

    /// Decrypts a text
    pub(crate) fn decrypt_text(
        &self,
        purpose: &str,
        encrypted: &str,
    ) -> Result<String, DecryptError> {
        let (id, sealed) = encrypted.split_once('.').ok_or(DecryptError::Forged)?;
        let sealed = hex::decode(sealed).ok().ok_or(DecryptError::Forged)?;
        let plain = self.decrypt(purpose, &[id.as_bytes(), b".", &sealed].concat())?;
        String::from_utf8(plain).map_err(|_| DecryptError::Forged)
    }

    /// Whether a text was encrypted with the current key
    pub(crate) fn is_current(&self, encrypted: &str) -> bool {
        let id = encrypted.split_once('.').map(|(id, _)| id);
        id.is_some() && id == self.ids().next()
    }

    /// A code which proves that a server with the first key has written a text; `None` if there is no key
    pub(crate) fn authenticate(&self, purpose: &str, text: &str) -> Option<String> {
        let hmac = hmac(&self.0.first()?.secret, &["flagstaff code", purpose, text])?;
        Some(hex::encode(hmac.finalize().into_bytes()))
    }

    /// Whether a code belongs to this text and one of the keys
    pub(crate) fn is_authentic(&self, purpose: &str, text: &str, code: &str) -> bool {
        let Some(code) = hex::decode(code).ok() else {
            return false;
        };
        self.0.iter().any(|key| {
            let hmac = hmac(&key.secret, &["flagstaff code", purpose, text]);
            // In constant time.
            hmac.is_some_and(|hmac| hmac.verify_slice(&code).is_ok())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(list: &str) -> EncryptionKeys {
        list.parse().unwrap()
    }

    fn key(letter: char) -> String {
        String::from(letter).repeat(MIN_LENGTH)
    }

    #[test]
    fn the_first_key_encrypts_and_all_decrypt() {
        let (old, new) = (
            keys(&key('a')),
            keys(&format!("{},{}\n", key('b'), key('a'))),
        );
        let text = old.encrypt_text("purpose", "secret").unwrap();
        assert!(!text.contains("secret") && !text.contains(&hex::encode(b"secret")));
        assert_eq!(new.decrypt_text("purpose", &text).as_deref(), Ok("secret"));
        assert!(old.is_current(&text) && !new.is_current(&text));
        let text = new.encrypt_text("purpose", "secret").unwrap();
        assert!(new.is_current(&text));
        let error = old.decrypt_text("purpose", &text).unwrap_err();
        let DecryptError::UnknownKey { id, held } = &error else {
            panic!("{error}");
        };
        assert!(text.starts_with(&**id) && *held == [super::id(&key('a'))]);
        let none = EncryptionKeys::default();
        assert!(matches!(
            none.decrypt_text("purpose", &text),
            Err(DecryptError::UnknownKey { .. })
        ));
        assert!(none.encrypt_text("purpose", "secret").is_none());
    }

    #[test]
    fn what_was_changed_or_is_for_another_purpose_is_forged() {
        let keys = keys(&key('a'));
        let encrypted = keys.encrypt("purpose", b"secret".to_vec()).unwrap();
        assert_eq!(keys.decrypt("purpose", &encrypted).unwrap(), b"secret");
        assert_eq!(keys.decrypt("other", &encrypted), Err(DecryptError::Forged));
        for position in ID_LENGTH..encrypted.len() {
            let mut changed = encrypted.clone();
            changed[position] ^= 1;
            assert_eq!(keys.decrypt("purpose", &changed), Err(DecryptError::Forged));
        }
        for length in 0..encrypted.len() {
            assert_eq!(
                keys.decrypt("purpose", &encrypted[..length]),
                Err(DecryptError::Forged)
            );
        }
        assert_eq!(
            keys.decrypt_text("purpose", "{}"),
            Err(DecryptError::Forged)
        );
    }

    #[test]
    fn a_code_is_of_one_text_purpose_and_key() {
        let (old, new) = (keys(&key('a')), keys(&format!("{},{}", key('b'), key('a'))));
        let code = old.authenticate("purpose", "text").unwrap();
        assert!(old.is_authentic("purpose", "text", &code));
        assert!(new.is_authentic("purpose", "text", &code));
        assert!(!old.is_authentic("purpose", "other", &code));
        assert!(!old.is_authentic("other", "text", &code));
        assert!(!keys(&key('b')).is_authentic("purpose", "text", &code));
        assert!(!EncryptionKeys::default().is_authentic("purpose", "text", &code));
        assert!(!old.is_authentic("purpose", "text", ""));
        assert!(
            EncryptionKeys::default()
                .authenticate("purpose", "text")
                .is_none()
        );
    }

    #[test]
    fn keys_that_can_be_guessed_are_refused_and_none_is_shown() {
        let (short, long) = ("a".repeat(MIN_LENGTH - 1), "a".repeat(MAX_LENGTH + 1));
        let good = key('a');
        let many = vec![good.clone(); MAX_KEYS + 1].join(",");
        let spaced = format!("{good} {good}");
        for wrong in [
            "",
            ",",
            &short,
            &long,
            &many,
            &spaced,
            &format!("{good},"),
            &format!("{good},{short}"),
        ] {
            assert_eq!(
                wrong.parse::<EncryptionKeys>().unwrap_err(),
                InvalidEncryptionKeys,
                "{wrong}"
            );
        }
        assert!(!format!("{:?}", keys(&good)).contains(&good));
    }
}
