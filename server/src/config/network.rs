//! Options about who asks, and how often they may

use clap::Args;
use ipnet::IpNet;

use crate::http::client_address::{ForwardedHeader, Proxies, read_network};
use crate::http::rate::Rates;

/// Where requests come from
#[derive(Debug, Clone, Args)]
pub struct NetworkOptions {
    /// Networks of proxies in front of the server, as `10.0.0.0/8`, separated by commas: what they say of where a request comes from
    /// is believed
    #[arg(
        long = "trusted-proxy",
        env = "FLAGSTAFF_TRUSTED_PROXY",
        value_delimiter = ',',
        value_parser = read_network,
        value_name = "CIDR"
    )]
    pub trusted_proxies: Vec<IpNet>,

    /// The header in which all trusted proxies say it
    #[arg(
        long,
        env = "FLAGSTAFF_FORWARDED_HEADER",
        value_enum,
        default_value_t = ForwardedHeader::XForwardedFor
    )]
    pub forwarded_header: ForwardedHeader,

    /// Requests a second with one key, ten seconds' worth of them at once; more are answered 429. A request for many outcomes counts as
    /// one for each hundred of them, a long response as one for each 64 KiB. 0 is no limit, here and below
    #[arg(
        long,
        env = "FLAGSTAFF_RATE_LIMIT_KEY",
        default_value_t = Rates::DEFAULT.key,
        value_name = "RATE"
    )]
    pub rate_limit_key: u32,

    /// Requests a second from one address (IPv6: one /64) with keys that are no secret; never more than a quarter of what a key may
    /// have, so that no host alone uses up a key of many
    #[arg(
        long,
        env = "FLAGSTAFF_RATE_LIMIT_ADDRESS",
        default_value_t = Rates::DEFAULT.address,
        value_name = "RATE"
    )]
    pub rate_limit_address: u32,

    /// Reads a second by one person or token, and from one address
    #[arg(
        long,
        env = "FLAGSTAFF_RATE_LIMIT_READS",
        default_value_t = Rates::DEFAULT.reads,
        value_name = "RATE"
    )]
    pub rate_limit_reads: u32,

    /// Writes a second by one person or token, and from one address
    #[arg(
        long,
        env = "FLAGSTAFF_RATE_LIMIT_WRITES",
        default_value_t = Rates::DEFAULT.writes,
        value_name = "RATE"
    )]
    pub rate_limit_writes: u32,

    /// Requests a second from one address with tokens that nobody knows
    #[arg(
        long,
        env = "FLAGSTAFF_RATE_LIMIT_FAILURES",
        default_value_t = Rates::DEFAULT.failures,
        value_name = "RATE"
    )]
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
