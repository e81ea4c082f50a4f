//! The address of a client: the peer of the connection or, if that is a trusted proxy, what the proxy reports
//!
//! Anybody can send the header that proxies write, so it is read from the right, as far as trusted proxies have written it.

use std::net::{AddrParseError, IpAddr, SocketAddr};

use axum::extract::Request;
use axum::http::header::FORWARDED;
use axum::http::{Extensions, HeaderMap, HeaderName};
use ipnet::IpNet;

/// The peer of a request's connection, in the extensions of the request
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// The header in which proxies report the client's address
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For: ADDRESS, ADDRESS`
    #[default]
    XForwardedFor,
    /// `Forwarded: for=ADDRESS, for=ADDRESS` (RFC 7239)
    Forwarded,
}

/// The trusted proxies
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// Their addresses
    pub trusted: Vec<IpNet>,
    /// The header that all of them write; one that they pass on unchanged could be written by anybody
    pub header: ForwardedHeader,
}

impl Proxies {
    /// The client's address; `None` without a connection
    fn client_address(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let Peer(peer) = extensions.get()?;
        let mut address = peer.ip().to_canonical();
        let name = match self.header {
            ForwardedHeader::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            ForwardedHeader::Forwarded => FORWARDED,
        };
        let lines = headers.get_all(name).into_iter().rev();
        let hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        for hop in hops {
            if !self.trusts(address) {
                break;
            }
            let hop = match self.header {
                ForwardedHeader::XForwardedFor => Some(hop.trim()),
                ForwardedHeader::Forwarded => forwarded_for(hop),
            };
            match hop.and_then(read) {
                Some(before) => address = before,
                // The proxy does not report an address: nothing to the left can be trusted.
                None => break,
            }
        }
        Some(address)
    }

    /// Whether an address is a trusted proxy's
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted
            .iter()
            .any(|network| network.contains(&address))
    }
}

/// The address under which a client is counted: the holder of one IPv6 address has the 2^64 of its /64
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(whole) => IpAddr::V6((whole.to_bits() & (u128::MAX << 64)).into()),
        address @ IpAddr::V4(_) => address,
    }
}

/// Reads `10.0.0.0/8`, or one address
pub(crate) fn read_network(text: &str) -> Result<IpNet, AddrParseError> {
    text.parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
}

/// The `for` of an element of `Forwarded`, without its quotes
fn forwarded_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for")
            .then(|| value.trim_matches('"'))
    })
}

/// `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:443`
fn read(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']'));
    let address = bare.unwrap_or(hop).parse::<IpAddr>();
    let address = address.or_else(|_| hop.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address| address.to_canonical())
}

/// The client's address, found when the request arrived
#[derive(Debug, Clone, Copy)]
struct ClientAddress(IpAddr);

/// Finds the client's address and keeps it for [`client_address`]
pub(crate) fn record(request: &mut Request, proxies: &Proxies) -> Option<IpAddr> {
    let address = proxies.client_address(request.headers(), request.extensions())?;
    request.extensions_mut().insert(ClientAddress(address));
    Some(address)
}

/// The client's address from a request's extensions; `None` without a connection
pub fn client_address(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get().map(|ClientAddress(address)| *address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn seen(proxies: &Proxies, peer: &str, lines: &[(&'static str, &str)]) -> String {
        let mut request = Request::new(axum::body::Body::empty());
        let peer = Peer(SocketAddr::new(peer.parse().unwrap(), 1));
        request.extensions_mut().insert(peer);
        for (name, line) in lines {
            let line = HeaderValue::from_str(line).unwrap();
            request.headers_mut().append(*name, line);
        }
        let address = proxies.client_address(request.headers(), request.extensions());
        address.unwrap().to_string()
    }

    fn proxies(header: ForwardedHeader) -> Proxies {
        let trusted = ["10.0.0.0/8", "192.0.2.7", "fd00::/8"];
        Proxies {
            trusted: trusted.map(|network| read_network(network).unwrap()).into(),
            header,
        }
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        const NAME: &str = "x-forwarded-for";
        let proxies = proxies(ForwardedHeader::XForwardedFor);
        for (peer, lines, expected) in [
            ("203.0.113.9", &[(NAME, "198.51.100.1")][..], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &[(NAME, "198.51.100.1")], "198.51.100.1"),
            ("::ffff:10.0.0.1", &[(NAME, "198.51.100.1")], "198.51.100.1"),
            ("192.0.2.8", &[(NAME, "198.51.100.1")], "192.0.2.8"),
            // To the left of what the first trusted proxy saw is what the client wrote itself.
            (
                "10.0.0.1",
                &[(NAME, "1.1.1.1, 198.51.100.1, 192.0.2.7")],
                "198.51.100.1",
            ),
            (
                "10.0.0.1",
                &[(NAME, "1.1.1.1"), (NAME, "198.51.100.1:5050")],
                "198.51.100.1",
            ),
            ("fd00::1", &[(NAME, "2001:db8::1")], "2001:db8::1"),
            ("fd00::1", &[(NAME, "[2001:db8::1]:443")], "2001:db8::1"),
            ("10.0.0.1", &[(NAME, "198.51.100.1, unknown")], "10.0.0.1"),
            ("10.0.0.1", &[(NAME, "198.51.100.1, ")], "10.0.0.1"),
            ("10.0.0.1", &[(NAME, "10.0.0.2, 10.0.0.3")], "10.0.0.2"),
            ("10.0.0.1", &[("forwarded", "for=1.1.1.1")], "10.0.0.1"),
        ] {
            assert_eq!(seen(&proxies, peer, lines), expected, "{peer} {lines:?}");
        }
        assert_eq!(
            seen(&Proxies::default(), "127.0.0.1", &[(NAME, "1.1.1.1")]),
            "127.0.0.1"
        );
    }

    #[test]
    fn the_standard_header_is_read_where_it_is_the_one() {
        const NAME: &str = "forwarded";
        let proxies = proxies(ForwardedHeader::Forwarded);
        for (line, expected) in [
            ("for=198.51.100.1;proto=https;by=10.0.0.1", "198.51.100.1"),
            (r#"proto=https; FOR="[2001:db8::1]:443""#, "2001:db8::1"),
            (
                r#"for=1.1.1.1, for=198.51.100.1, for="10.0.0.2:80""#,
                "198.51.100.1",
            ),
            ("for=_hidden", "10.0.0.1"),
            (r#"for="1.1.1.1, for=198.51.100.1"#, "198.51.100.1"),
            ("proto=https", "10.0.0.1"),
        ] {
            assert_eq!(
                seen(&proxies, "10.0.0.1", &[(NAME, line)]),
                expected,
                "{line}"
            );
        }
        assert_eq!(
            seen(&proxies, "10.0.0.1", &[("x-forwarded-for", "1.1.1.1")]),
            "10.0.0.1"
        );
    }
}
