//! Cookies of the admin UI, which scripts cannot read
//!
//! Over https the name begins with `__Host-`: browsers then accept the cookie only from this host, encrypted, and not from a subdomain.

use std::time::Duration;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

/// A cookie: its names, and its rule for requests that other sites cause
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cookie {
    secure: &'static str,
    plain: &'static str,
    same_site: &'static str,
}

impl Cookie {
    /// The cookie of a session; sent only with requests of pages of the same site
    pub(crate) const SESSION: Self = Self {
        secure: "__Host-flagstaff_session",
        plain: "flagstaff_session",
        same_site: "Strict",
    };
    /// The cookie of a sign-in in progress; it must be sent when the identity provider's page redirects back here
    pub(crate) const SIGN_IN: Self = Self {
        secure: "__Host-flagstaff_sign_in",
        plain: "flagstaff_sign_in",
        same_site: "Lax",
    };

    /// Its value; only of the name with `__Host-` if `is_https`, since any page of the same host name could set the other one
    pub(crate) fn read(self, headers: &HeaderMap, is_https: bool) -> Option<&str> {
        let find = |wanted: &str| {
            let lines = headers.get_all(COOKIE).iter();
            let pairs = lines.filter_map(|line| line.to_str().ok());
            let mut pairs = pairs.flat_map(|line| line.split(';'));
            pairs.find_map(|pair| {
                let (name, value) = pair.trim().split_once('=')?;
                (name == wanted).then_some(value)
            })
        };
        let secure = find(self.secure);
        if is_https {
            secure
        } else {
            secure.or_else(|| find(self.plain))
        }
    }

    /// The header that sets it
    pub(crate) fn set(
        self,
        value: &str,
        lifetime: Duration,
        is_https: bool,
    ) -> Option<HeaderValue> {
        let (name, secure) = if is_https {
            (self.secure, "; Secure")
        } else {
            (self.plain, "")
        };
        let text = format!(
            "{name}={value}; Path=/; Max-Age={}; HttpOnly; SameSite={}{secure}",
            lifetime.as_secs(),
            self.same_site
        );
        HeaderValue::try_from(text).ok()
    }

    /// The header that removes it
    pub(crate) fn clear(self, is_https: bool) -> Option<HeaderValue> {
        self.set("", Duration::ZERO, is_https)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&'static str]) -> HeaderMap {
        let lines = lines.iter();
        lines
            .map(|line| (COOKIE, HeaderValue::from_static(line)))
            .collect()
    }

    #[test]
    fn over_https_only_the_name_that_no_other_host_can_set_is_read() {
        let both = headers(&[
            "a=1; flagstaff_session=plain",
            "__Host-flagstaff_session=safe",
        ]);
        assert_eq!(Cookie::SESSION.read(&both, true), Some("safe"));
        assert_eq!(Cookie::SESSION.read(&both, false), Some("safe"));
        let plain = headers(&["flagstaff_session=plain"]);
        assert_eq!(Cookie::SESSION.read(&plain, true), None);
        assert_eq!(Cookie::SESSION.read(&plain, false), Some("plain"));
        assert_eq!(Cookie::SIGN_IN.read(&both, false), None);
    }

    #[test]
    fn a_cookie_is_hidden_from_scripts_and_other_sites_and_over_https_encrypted() {
        let set = Cookie::SESSION.set("v", Duration::from_mins(1), true);
        assert_eq!(
            set.unwrap(),
            "__Host-flagstaff_session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
        );
        let set = Cookie::SIGN_IN.set("v", Duration::from_mins(1), false);
        assert_eq!(
            set.unwrap(),
            "flagstaff_sign_in=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"
        );
        let cleared = Cookie::SESSION.clear(false).unwrap();
        assert!(
            cleared
                .to_str()
                .unwrap()
                .starts_with("flagstaff_session=; Path=/; Max-Age=0;")
        );
    }
}
