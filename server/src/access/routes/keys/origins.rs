//! The origins of the pages that may use a key; `*` means all

use serde_json::Value;

use crate::http::fields::Fields;
use crate::store::{CredentialKind, CredentialRow};

/// The maximum number of origins
const ORIGINS: usize = 50;
const ORIGIN_LENGTH: usize = 300;
const EXPECTED: &str = "`[\"*\"]`, or 1 to 50 origins as browsers send them, `https://app.example` or `http://localhost:3000`, \
     of a key of kind `client` or `client-local`";
const EXPECTED_ITEM: &str =
    "an origin as browsers send it, `https://app.example` or `http://localhost:3000`";

/// The origins of a public key; `*` for all pages
pub(super) fn of(row: &CredentialRow) -> Option<Vec<&str>> {
    let is_for_browsers = is_for_browsers(row.kind);
    is_for_browsers.then(|| match &row.rules.origins {
        None => vec!["*"],
        Some(origins) => origins.iter().map(String::as_str).collect(),
    })
}

/// The origins in the request, if it has some; `*` means all pages and is not a list
#[expect(
    clippy::option_option,
    reason = "nothing said, all pages, and some pages"
)]
pub(super) fn read(
    fields: &mut Fields,
    kind: Option<CredentialKind>,
) -> Option<Option<Vec<String>>> {
    let given = fields.optional("origins", EXPECTED, |given| {
        let given = given.as_array()?;
        // If the kind itself is wrong, that error is reported already.
        let is_usable = kind.is_none_or(is_for_browsers) && (1..=ORIGINS).contains(&given.len());
        is_usable.then(|| given.clone())
    })?;
    if matches!(&given[..], [Value::String(all)] if all == "*") {
        return Some(None);
    }
    let mut origins = Vec::new();
    for (index, given) in given.iter().enumerate() {
        match given.as_str().filter(|text| is_origin(text)) {
            Some(origin) => origins.push(origin.to_owned()),
            None => fields.wrong(format!("/origins/{index}"), EXPECTED_ITEM, given),
        }
    }
    origins.sort();
    origins.dedup();
    Some(Some(origins))
}

fn is_for_browsers(kind: CredentialKind) -> bool {
    matches!(kind, CredentialKind::Client | CredentialKind::ClientLocal)
}

/// Whether a browser could send this as `Origin`: scheme, host, and a port that is not the scheme's own
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else {
        return false;
    };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'.'));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_v6 = |host: &str| {
        let inside = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        inside.is_some_and(|inside| inside.parse::<std::net::Ipv6Addr>().is_ok())
    };
    let is_name = !host.is_empty()
        && host
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_'));
    let is_port = |port: &str| {
        let is_default = matches!((scheme, port), ("https", "443") | ("http", "80"));
        let number = port.parse::<u16>();
        !is_default && number.is_ok_and(|number| number.to_string() == port && number > 0)
    };
    text.len() <= ORIGIN_LENGTH && is_scheme && (is_name || is_v6(host)) && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for text in [
            "https://app.example",
            "http://localhost:3000",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "https://[2001:db8::1]",
            "capacitor://localhost",
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        ] {
            assert!(is_origin(text), "{text}");
        }
        for text in [
            "",
            "*",
            "null",
            "app.example",
            "https://",
            "https://app.example/",
            "https://app.example/path",
            "https://app.example?",
            "https://App.example",
            "HTTPS://app.example",
            "https://app.example:443",
            "http://app.example:80",
            "https://app.example:0",
            "https://app.example:+1",
            "https://app.example:65536",
            "https://app.example:",
            "https://user@app.example",
            "https://*.app.example",
            "https://[::1",
            "https://[app]",
            "https://ä.example",
            "://app.example",
        ] {
            assert!(!is_origin(text), "{text}");
        }
    }
}
