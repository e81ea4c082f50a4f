//! Checks that a request comes from a page of this server, since browsers send a cookie also with requests that another page causes
//!
//! Browsers send this in `Sec-Fetch-Site`, over plain http only on the same machine; all of them send `Origin` with every request that
//! changes something. No page can forge either header.

use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::Authority;

use crate::http::api_error::ApiError;

/// Fails for a request that may change something and does not come from a page of this server; `public` is the server's own origin, if it
/// is known
pub(crate) fn check(parts: &Parts, public: Option<&str>) -> Result<(), ApiError> {
    if parts.method.is_safe() || is_same_origin(parts, public) {
        Ok(())
    } else {
        Err(ApiError::CrossOrigin)
    }
}

fn is_same_origin(parts: &Parts, public: Option<&str>) -> bool {
    let header = |name| {
        let value = parts.headers.get(name);
        value.and_then(|value| value.to_str().ok())
    };
    if let Some(site) = header("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = header(ORIGIN.as_str()) else {
        return false;
    };
    // Over HTTP/2 the host is in the address.
    let authority = parts.uri.authority().map(Authority::as_str);
    let host = header(HOST.as_str()).or(authority);
    let of_origin = origin.split_once("://").map(|(_, host)| host);
    Some(origin) == public || (host.is_some() && of_origin == host)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn is_allowed(method: &str, headers: &[(&str, &str)], public: Option<&str>) -> bool {
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        check(&parts, public).is_ok()
    }

    #[test]
    fn only_a_page_of_the_server_itself_may_change_something() {
        let host = ("host", "flags.example:8080");
        for (headers, expected) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[host, ("origin", "http://flags.example:8080")], true),
            (&[host, ("origin", "http://flags.example")], false),
            (&[host, ("origin", "http://evil.example")], false),
            (&[host, ("origin", "null")], false),
            (&[("origin", "https://public.example")], true),
            (&[host], false),
            (
                &[
                    host,
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "http://flags.example:8080"),
                ],
                false,
            ),
        ] {
            let public = Some("https://public.example");
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                assert_eq!(is_allowed(method, headers, public), expected, "{headers:?}");
            }
            assert!(is_allowed("GET", headers, public));
        }
    }
}
