//! The path below which the server is reached, where a proxy gives it a path of a host instead of a host of its own
//!
//! A proxy may remove the path from what it passes on, or leave it there: [`BasePath::mount`] serves both. What the server answers as an
//! address (`Location`) has the path in both cases.

use axum::Router;
use axum::extract::{OriginalUri, Request};
use axum::http::header::LOCATION;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Uri};
use axum::response::Response;
use tower::ServiceBuilder;

/// First names of the server's own paths: without the base path they could not be told from it
const OWN: [&str; 8] = [
    "api", "assets", "example", "healthz", "metrics", "ofrep", "projects", "readyz",
];

/// The path, as `/flags`; empty where the server has a host of its own
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BasePath(String);

impl BasePath {
    /// The path of a URL: names of letters, digits and `-._~`; a slash at the end does not matter
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let Some(names) = path.strip_prefix('/') else {
            return path.is_empty().then(Self::default);
        };
        let is_plain = |name: &str| {
            let mut bytes = name.bytes();
            bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
                && !name.bytes().all(|byte| byte == b'.')
        };
        let is_own = OWN.iter().any(|own| names.split('/').next() == Some(own));
        (names.split('/').all(is_plain) && !is_own).then(|| Self(path.to_owned()))
    }

    /// The path, without a slash at the end
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the server has a host of its own
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Serves routes at this path too
    pub(crate) fn mount(&self, routes: Router) -> Router {
        if self.is_empty() {
            return routes;
        }
        let (base, of_response) = (self.clone(), self.clone());
        // Around the router, not as its layer: what route a request gets is decided before a layer sees it.
        let service = ServiceBuilder::new()
            .map_request(move |request| base.remove_from(request))
            .map_response(move |response| of_response.add_to(response))
            .service(routes);
        Router::new().fallback_service(service)
    }

    fn remove_from(&self, mut request: Request) -> Request {
        if let Some(uri) = self.without(request.uri()) {
            *request.uri_mut() = uri;
        }
        // The outer router has stored the address with the path: by it, a write that is repeated without the path would be another one.
        request.extensions_mut().remove::<OriginalUri>();
        request
    }

    /// The address without the path; `None` if it is not below it
    fn without(&self, uri: &Uri) -> Option<Uri> {
        let rest = uri.path_and_query()?.as_str().strip_prefix(&self.0)?;
        let rest = match rest.as_bytes().first() {
            Some(b'/') => PathAndQuery::try_from(rest),
            None | Some(b'?') => PathAndQuery::try_from(format!("/{rest}")),
            Some(_) => return None,
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(rest.ok()?);
        Uri::from_parts(parts).ok()
    }

    fn add_to(&self, mut response: Response) -> Response {
        let location = response.headers().get(LOCATION);
        let path = location
            .and_then(|location| location.to_str().ok())
            .filter(|location| location.starts_with('/'));
        let whole = path.and_then(|path| HeaderValue::try_from(format!("{}{path}", self.0)).ok());
        if let Some(whole) = whole {
            response.headers_mut().insert(LOCATION, whole);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_of_plain_names_and_none_of_the_server_s_own() {
        for (given, expected) in [("", ""), ("/", ""), ("/flags", "/flags")] {
            assert_eq!(BasePath::parse(given).unwrap().as_str(), expected);
        }
        let deep = BasePath::parse("/tools/feature-flags_2.0/").unwrap();
        assert_eq!(deep.as_str(), "/tools/feature-flags_2.0");
        for wrong in [
            "flags",
            "//",
            "//a",
            "/a//b",
            "/a//",
            "/..",
            "/a/.",
            "/a b",
            "/a%20b",
            "/a;b",
            "/a\"",
            "/api",
            "/api/v1",
            "/projects/",
            "/assets",
        ] {
            assert_eq!(BasePath::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_path_is_removed_from_addresses_below_it_only() {
        let base = BasePath::parse("/flags").unwrap();
        for (given, expected) in [
            ("/flags", Some("/")),
            ("/flags/", Some("/")),
            ("/flags?a=/flags", Some("/?a=/flags")),
            ("/flags/api/v1/me?x=1", Some("/api/v1/me?x=1")),
            ("/flags/flags/api", Some("/flags/api")),
            ("/flagship", None),
            ("/api/v1/flags", None),
            (
                "https://host.example/flags/readyz",
                Some("https://host.example/readyz"),
            ),
        ] {
            let found = base.without(&given.parse().unwrap());
            assert_eq!(found.map(|uri| uri.to_string()).as_deref(), expected);
        }
    }
}
