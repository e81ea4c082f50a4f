//! Cookies of the admin UI, which scripts cannot read
//!
//! Over https the name begins with `__Host-`: browsers then accept the cookie only from this host, encrypted, and not from a subdomain.
//! Below a base path it begins with `__Secure-`, since a cookie with `__Host-` would be sent to all servers of the host.

use std::time::Duration;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

use crate::http::base_path::BasePath;

/// A cookie: its name, and its rule for requests that other sites cause
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cookie {
    name: &'static str,
    same_site: &'static str,
}

/// Where cookies are set and accepted
#[derive(Debug, Clone, Copy)]
pub(crate) struct CookieScope<'a> {
    /// Whether browsers reach the server encrypted
    pub(crate) is_https: bool,
    /// The path below which they are sent
    pub(crate) base_path: &'a BasePath,
}

impl CookieScope<'_> {
    /// What the names begin with over https
    fn prefix(self) -> &'static str {
        if self.base_path.is_empty() {
            "__Host-"
        } else {
            "__Secure-"
        }
    }
}

impl Cookie {
    /// The cookie of a session; sent only with requests of pages of the same site
    pub(crate) const SESSION: Self = Self {
        name: "flagstaff_session",
        same_site: "Strict",
    };
    /// The cookie of a sign-in in progress; it must be sent when the identity provider's page redirects back here
    pub(crate) const SIGN_IN: Self = Self {
        name: "flagstaff_sign_in",
        same_site: "Lax",
    };

    /// Its value; over https only of the name with the prefix, since any page of the same host name could set the other one
    pub(crate) fn read<'h>(
        self,
        headers: &'h HeaderMap,
        scope: CookieScope<'_>,
    ) -> Option<&'h str> {
        let find = |prefix: &str| {
            let lines = headers.get_all(COOKIE).iter();
            let pairs = lines.filter_map(|line| line.to_str().ok());
            let mut pairs = pairs.flat_map(|line| line.split(';'));
            pairs.find_map(|pair| {
                let (name, value) = pair.trim().split_once('=')?;
                (name.strip_prefix(prefix) == Some(self.name)).then_some(value)
            })
        };
        let secure = find(scope.prefix());
        if scope.is_https {
            secure
        } else {
            secure.or_else(|| find(""))
        }
    }

    /// The header that sets it
    pub(crate) fn set(
        self,
        value: &str,
        lifetime: Duration,
        scope: CookieScope<'_>,
    ) -> Option<HeaderValue> {
        let (prefix, secure) = if scope.is_https {
            (scope.prefix(), "; Secure")
        } else {
            ("", "")
        };
        let path = match scope.base_path.as_str() {
            "" => "/",
            path => path,
        };
        let text = format!(
            "{prefix}{}={value}; Path={path}; Max-Age={}; HttpOnly; SameSite={}{secure}",
            self.name,
            lifetime.as_secs(),
            self.same_site
        );
        HeaderValue::try_from(text).ok()
    }

    /// The header that removes it
    pub(crate) fn clear(self, scope: CookieScope<'_>) -> Option<HeaderValue> {
        self.set("", Duration::ZERO, scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(is_https: bool, base_path: &BasePath) -> CookieScope<'_> {
        CookieScope {
            is_https,
            base_path,
        }
    }

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
        let root = BasePath::default();
        let (https, http) = (scope(true, &root), scope(false, &root));
        assert_eq!(Cookie::SESSION.read(&both, https), Some("safe"));
        assert_eq!(Cookie::SESSION.read(&both, http), Some("safe"));
        let plain = headers(&["flagstaff_session=plain"]);
        assert_eq!(Cookie::SESSION.read(&plain, https), None);
        assert_eq!(Cookie::SESSION.read(&plain, http), Some("plain"));
        assert_eq!(Cookie::SIGN_IN.read(&both, http), None);
        let base = BasePath::parse("/flags").unwrap();
        assert_eq!(Cookie::SESSION.read(&both, scope(true, &base)), None);
        let below = headers(&["__Secure-flagstaff_session=below"]);
        let found = Cookie::SESSION.read(&below, scope(true, &base));
        assert_eq!(found, Some("below"));
        assert_eq!(Cookie::SESSION.read(&below, https), None);
    }

    #[test]
    fn a_cookie_is_hidden_from_scripts_and_other_sites_and_over_https_encrypted() {
        let root = BasePath::default();
        let (https, http) = (scope(true, &root), scope(false, &root));
        let set = Cookie::SESSION.set("v", Duration::from_mins(1), https);
        assert_eq!(
            set.unwrap(),
            "__Host-flagstaff_session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
        );
        let set = Cookie::SIGN_IN.set("v", Duration::from_mins(1), http);
        assert_eq!(
            set.unwrap(),
            "flagstaff_sign_in=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"
        );
        let base = BasePath::parse("/flags").unwrap();
        let set = Cookie::SESSION.set("v", Duration::from_mins(1), scope(true, &base));
        assert_eq!(
            set.unwrap(),
            "__Secure-flagstaff_session=v; Path=/flags; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
        );
        let cleared = Cookie::SESSION.clear(http).unwrap();
        assert!(
            cleared
                .to_str()
                .unwrap()
                .starts_with("flagstaff_session=; Path=/; Max-Age=0;")
        );
    }
}
