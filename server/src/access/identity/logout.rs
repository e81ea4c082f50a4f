//! Logout tokens: the identity provider tells that a person, or one session of theirs, has ended (`OpenID` Connect Back-Channel Logout 1.0)

use std::time::Duration;

use flagstaff_core::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::{Issuer, JwtError, LEEWAY, check_end, is_name, seconds};
use crate::runtime::clock::later;

/// The claim with the events that a token tells of, which no ID token has
pub(super) const EVENTS: &str = "events";
/// The event of a logout
const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// The age up to which a token is accepted: the provider sends it as soon as it is issued
const MAX_AGE: Duration = Duration::from_mins(5);
/// How long the id of a token is remembered: its time may be a minute ahead of ours, and a minute more is allowed for its age
const REMEMBERED: Duration = Duration::from_mins(7);

/// Whose sessions end
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logout {
    /// The issuer's id of the person
    pub(crate) subject: Option<String>,
    /// The issuer's id of its session; without one, all sessions of the person end
    pub(crate) sid: Option<String>,
    /// The id of the token, which is used once
    pub(crate) id: String,
    /// When the token is too old, so that its id need not be remembered
    pub(crate) expires_at: Timestamp,
}

impl Logout {
    /// Whether it ends the session of a person that began with the provider's session `sid`
    pub(crate) fn ends(&self, subject: &str, sid: Option<&str>) -> bool {
        let is_subject = self.subject.as_deref().map(|it| it == subject);
        match (self.sid.as_deref(), sid) {
            (Some(ended), Some(sid)) => ended == sid && is_subject != Some(false),
            // If it is not known which session is meant, all of the person end.
            (Some(_), None) | (None, _) => is_subject == Some(true),
        }
    }
}

/// Why a logout token is not accepted
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LogoutError {
    #[error(transparent)]
    Jwt(#[from] JwtError),
    #[error("it does not tell of a logout")]
    NoLogout,
    #[error("it has a nonce, as only ID tokens have")]
    Nonce,
    #[error("it names neither a person nor a session")]
    Nobody,
    #[error("it was issued more than {} minutes ago, or in the future", MAX_AGE.as_secs() / 60)]
    Age,
}

#[derive(Deserialize)]
struct LogoutClaims {
    iat: f64,
    jti: String,
    #[serde(default)]
    exp: Option<f64>,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    sid: Option<String>,
    #[serde(flatten)]
    others: Map<String, Json>,
}

impl Issuer {
    /// Verifies a logout token (section 2.6)
    pub(crate) async fn verify_logout(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Logout, LogoutError> {
        let required = &["iss", "aud"];
        let claims: LogoutClaims = self.signed(token, required, now).await?;
        // Providers of the drafts send no `exp`; the age is limited in any case.
        if let Some(exp) = claims.exp {
            check_end(exp, now)?;
        }
        let (age, most) = (seconds(now) - claims.iat, MAX_AGE.as_secs_f64());
        if !(-LEEWAY..=most + LEEWAY).contains(&age) {
            return Err(LogoutError::Age);
        }
        let events = claims.others.get(EVENTS).and_then(Json::as_object);
        let logout = events.and_then(|events| events.get(LOGOUT));
        if !logout.is_some_and(Json::is_object) {
            return Err(LogoutError::NoLogout);
        }
        if claims.others.contains_key("nonce") {
            return Err(LogoutError::Nonce);
        }
        let is_storable = |name: &Option<String>| name.as_deref().is_none_or(is_name);
        if !is_name(&claims.jti) || !is_storable(&claims.sub) || !is_storable(&claims.sid) {
            return Err(JwtError::Malformed.into());
        }
        if claims.sub.is_none() && claims.sid.is_none() {
            return Err(LogoutError::Nobody);
        }
        Ok(Logout {
            subject: claims.sub,
            sid: claims.sid,
            id: claims.jti,
            expires_at: later(now, REMEMBERED),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logout_ends_the_session_that_it_names_or_all_of_the_person() {
        let logout = |subject: Option<&str>, sid: Option<&str>| Logout {
            subject: subject.map(str::to_owned),
            sid: sid.map(str::to_owned),
            id: "1".to_owned(),
            expires_at: Timestamp::from_millis(0),
        };
        let sessions = [
            ("ann", Some("s-1")),
            ("ann", Some("s-2")),
            ("ann", None),
            ("bob", Some("s-3")),
        ];
        for (subject, sid, expected) in [
            (Some("ann"), None, [true, true, true, false]),
            (None, Some("s-1"), [true, false, false, false]),
            (Some("ann"), Some("s-1"), [true, false, true, false]),
            (Some("bob"), Some("s-1"), [false, false, false, false]),
            (Some("bob"), None, [false, false, false, true]),
        ] {
            let logout = logout(subject, sid);
            let ended = sessions.map(|(subject, sid)| logout.ends(subject, sid));
            assert_eq!(ended, expected, "{subject:?} {sid:?}");
        }
    }
}
