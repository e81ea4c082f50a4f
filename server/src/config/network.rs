//! Options about the addresses of clients, and how many requests each caller may send

use clap::Args;
use ipnet::IpNet;

use crate::http::client_address::{ForwardedHeader, Proxies, read_network};
use crate::http::rate::Rates;

/// The trusted proxies, and the rate limits
#[derive(Debug, Clone, Args)]
pub struct NetworkOptions {
    /// Trusted proxies in front of the server, as `10.0.0.0/8`, separated by commas: the client's address is read from their header
    #[arg(
        long = "trusted-proxy",
        value_delimiter = ',',
        value_parser = read_network,
        value_name = "CIDR"
    )]
    pub trusted_proxies: Vec<IpNet>,

    /// The header in which the trusted proxies name the client's address
    #[arg(long, value_enum, default_value_t = ForwardedHeader::XForwardedFor)]
    pub forwarded_header: ForwardedHeader,

    /// Requests a second with one key, with bursts of ten seconds' worth; further ones get 429. A request for many outcomes counts as
    /// one for each hundred outcomes, a long response as one for each 64 KiB. 0 means no limit, also for the other rates
    #[arg(long, default_value_t = Rates::DEFAULT.key, value_name = "RATE")]
    pub rate_limit_key: u32,

    /// Requests a second from one address (IPv6: one /64) with public keys; at most a quarter of the limit of a key, so that no host
    /// uses up a key that many share
    #[arg(long, default_value_t = Rates::DEFAULT.address, value_name = "RATE")]
    pub rate_limit_address: u32,

    /// Reads a second by one person or with one token, and from one address
    #[arg(long, default_value_t = Rates::DEFAULT.reads, value_name = "RATE")]
    pub rate_limit_reads: u32,

    /// Writes a second by one person or with one token, and from one address
    #[arg(long, default_value_t = Rates::DEFAULT.writes, value_name = "RATE")]
    pub rate_limit_writes: u32,

    /// Requests a second from one address with unknown tokens
    #[arg(long, default_value_t = Rates::DEFAULT.failures, value_name = "RATE")]
    pub rate_limit_failures: u32,
}

impl NetworkOptions {
    pub(crate) fn rates(&self) -> Rates {
        Rates {
            key: self.rate_limit_key,
            address: self.rate_limit_address,
            reads: self.rate_limit_reads,
            writes: self.rate_limit_writes,
            failures: self.rate_limit_failures,
        }
    }

    pub(crate) fn proxies(&self) -> Proxies {
        Proxies {
            trusted: self.trusted_proxies.clone(),
            header: self.forwarded_header,
        }
    }
}
