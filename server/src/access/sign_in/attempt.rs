//! A sign-in that is under way at the identity provider
//!
//! Nothing of it is stored: one random cookie binds it to the browser, and the state, the nonce and the PKCE verifier are hashes of the
//! cookie. So nobody can fill the store by beginning sign-ins, and any node can finish one.

use std::time::Duration;

use flagstaff_core::Timestamp;
use oauth2::PkceCodeVerifier;
use sha2::{Digest as _, Sha256};

use crate::crypto::token;

/// How long a person may take at the identity provider
pub(crate) const LIFETIME: Duration = Duration::from_mins(10);

/// A sign-in by the value of its cookie: `RANDOM.MILLISECONDS`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt(String);

impl Attempt {
    /// A new one
    pub(crate) fn begin(now: Timestamp) -> Self {
        Self(format!("{}.{}", token::generate(""), now.as_millis()))
    }

    /// The one of a cookie, if it answers with this state and is not too old
    pub(crate) fn resume(
        cookie: Option<&str>,
        state: Option<&str>,
        now: Timestamp,
    ) -> Option<Self> {
        let attempt = Self(cookie?.to_owned());
        let (_, begun) = attempt.0.split_once('.')?;
        let age = now.as_millis().checked_sub(begun.parse().ok()?)?;
        let is_in_time = u128::try_from(age).ok()? < LIFETIME.as_millis();
        (is_in_time && state == Some(&*attempt.state())).then_some(attempt)
    }

    /// The value of its cookie
    pub(crate) fn cookie(&self) -> &str {
        &self.0
    }

    /// What the provider gives back, so that an answer to another browser's request is noticed
    pub(crate) fn state(&self) -> String {
        self.derived("state")
    }

    /// What the ID token repeats, so that one of another sign-in is noticed
    pub(crate) fn nonce(&self) -> String {
        self.derived("nonce")
    }

    /// What the code can be exchanged with; the provider is first sent only its hash
    pub(crate) fn verifier(&self) -> PkceCodeVerifier {
        PkceCodeVerifier::new(self.derived("verifier"))
    }

    fn derived(&self, purpose: &str) -> String {
        hex::encode(Sha256::digest(format!("{purpose} {}", self.0).as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_with_its_own_state_in_its_own_browser_and_in_time() {
        let at = |millis| Timestamp::from_millis(1_000_000 + millis);
        let (one, other) = (Attempt::begin(at(0)), Attempt::begin(at(0)));
        let resume = |cookie: &Attempt, state: &str, now| {
            Attempt::resume(Some(cookie.cookie()), Some(state), now)
        };
        let end = i64::try_from(LIFETIME.as_millis()).unwrap();
        assert_eq!(resume(&one, &one.state(), at(end - 1)), Some(one.clone()));
        assert_eq!(resume(&one, &one.state(), at(end)), None);
        assert_eq!(resume(&one, &one.state(), at(-1)), None);
        assert_eq!(resume(&one, &other.state(), at(0)), None);
        assert_eq!(resume(&other, &one.state(), at(0)), None);
        assert_eq!(Attempt::resume(None, Some(&one.state()), at(0)), None);
        assert_eq!(Attempt::resume(Some(one.cookie()), None, at(0)), None);
        for broken in ["", ".", "a", "a.b", "a.99999999999999999999"] {
            assert_eq!(Attempt::resume(Some(broken), Some(""), at(0)), None);
        }
        let derived = [one.state(), one.nonce(), one.verifier().secret().clone()];
        assert!(
            derived
                .iter()
                .all(|text| text.len() == 64 && !one.cookie().contains(text))
        );
        assert_ne!(derived[0], derived[1]);
        assert_ne!(derived[1], derived[2]);
    }

    #[test]
    fn a_later_time_in_the_cookie_is_another_attempt() {
        let now = Timestamp::from_millis(5_000_000);
        let attempt = Attempt::begin(Timestamp::from_millis(0));
        let later = attempt.cookie().replace(".0", ".5000000");
        assert_eq!(
            Attempt::resume(Some(&later), Some(&attempt.state()), now),
            None
        );
    }
}
