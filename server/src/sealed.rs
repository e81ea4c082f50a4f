//! Texts that are kept for whoever has a token or a key and are of no use to anybody else: the store knows only a token's hash

use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::Sha256;

use crate::auth::{hex, unhex};

/// Seals a text with a token, for one purpose; `None` if the cipher refuses, which it does only for texts of many gigabytes
pub(crate) fn seal(token: &str, purpose: &str, text: Vec<u8>) -> Option<String> {
    seal_bytes(token, purpose, text).map(|sealed| hex(&sealed))
}

/// The same as bytes: a nonce, and the text with its tag
pub(crate) fn seal_bytes(token: &str, purpose: &str, mut text: Vec<u8>) -> Option<Vec<u8>> {
    let nonce: [u8; NONCE_LEN] = rand::random();
    let key = key(token, purpose)?;
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut text)
        .ok()?;
    Some([&nonce[..], &text].concat())
}

/// Opens what was sealed with the same token for the same purpose
pub(crate) fn open(token: &str, purpose: &str, sealed: &str) -> Option<Vec<u8>> {
    open_bytes(token, purpose, unhex(sealed)?)
}

/// The same of bytes
pub(crate) fn open_bytes(token: &str, purpose: &str, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let mut text = bytes.split_off(NONCE_LEN.min(bytes.len()));
    let nonce = Nonce::try_assume_unique_for_key(&bytes).ok()?;
    let length = key(token, purpose)?
        .open_in_place(nonce, Aad::empty(), &mut text)
        .ok()?
        .len();
    text.truncate(length);
    Some(text)
}

/// A key of its own for each purpose, which the token's stored hash says nothing of
fn key(token: &str, purpose: &str) -> Option<LessSafeKey> {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).ok()?;
    mac.update(b"flagstaff sealed 1\0");
    mac.update(purpose.as_bytes());
    let bytes = mac.finalize().into_bytes();
    let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).ok()?;
    Some(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_with_the_same_token_for_the_same_purpose_and_not_otherwise() {
        let sealed = seal("token", "purpose", b"secret".to_vec()).unwrap();
        assert!(!sealed.contains(&hex(b"secret")));
        assert_eq!(open("token", "purpose", &sealed).unwrap(), b"secret");
        assert_eq!(open("other", "purpose", &sealed), None);
        assert_eq!(open("token", "other", &sealed), None);
        let altered = format!("{}0", sealed.strip_suffix(|_| true).unwrap());
        let is_same = altered == sealed;
        assert_eq!(open("token", "purpose", &altered).is_some(), is_same);
        for broken in ["", "00", "zz", "é"] {
            assert_eq!(open("token", "purpose", broken), None, "{broken}");
        }
    }

    #[test]
    fn the_same_text_is_sealed_differently_each_time() {
        let seal = || seal("token", "purpose", b"secret".to_vec()).unwrap();
        assert_ne!(seal(), seal());
    }
}
