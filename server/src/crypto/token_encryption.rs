//! Encrypts texts so that only the holder of a token or key can read them: the store has only the token's hash

use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::Sha256;

/// Encrypts a text with a token for one purpose; `None` if the cipher refuses, which happens only for many gigabytes
pub(crate) fn encrypt(token: &str, purpose: &str, text: Vec<u8>) -> Option<String> {
    encrypt_bytes(token, purpose, text).map(hex::encode)
}

/// Encrypts bytes: the result is a nonce, then the encrypted text with its tag
pub(crate) fn encrypt_bytes(token: &str, purpose: &str, mut text: Vec<u8>) -> Option<Vec<u8>> {
    let nonce: [u8; NONCE_LEN] = rand::random();
    let key = key(token, purpose)?;
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut text)
        .ok()?;
    Some([&nonce[..], &text].concat())
}

/// Decrypts what was encrypted with the same token for the same purpose
pub(crate) fn decrypt(token: &str, purpose: &str, sealed: &str) -> Option<Vec<u8>> {
    decrypt_bytes(token, purpose, hex::decode(sealed).ok()?)
}

/// Decrypts bytes
pub(crate) fn decrypt_bytes(token: &str, purpose: &str, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let mut text = bytes.split_off(NONCE_LEN.min(bytes.len()));
    let nonce = Nonce::try_assume_unique_for_key(&bytes).ok()?;
    let length = key(token, purpose)?
        .open_in_place(nonce, Aad::empty(), &mut text)
        .ok()?
        .len();
    text.truncate(length);
    Some(text)
}

/// A key derived for each purpose, which cannot be computed from the token's stored hash
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
        let sealed = encrypt("token", "purpose", b"secret".to_vec()).unwrap();
        assert!(!sealed.contains(&hex::encode(b"secret")));
        assert_eq!(decrypt("token", "purpose", &sealed).unwrap(), b"secret");
        assert_eq!(decrypt("other", "purpose", &sealed), None);
        assert_eq!(decrypt("token", "other", &sealed), None);
        let altered = format!("{}0", sealed.strip_suffix(|_| true).unwrap());
        let is_same = altered == sealed;
        assert_eq!(decrypt("token", "purpose", &altered).is_some(), is_same);
        for broken in ["", "00", "zz", "é"] {
            assert_eq!(decrypt("token", "purpose", broken), None, "{broken}");
        }
    }

    #[test]
    fn the_same_text_is_sealed_differently_each_time() {
        let encrypt = || encrypt("token", "purpose", b"secret".to_vec()).unwrap();
        assert_ne!(encrypt(), encrypt());
    }
}
