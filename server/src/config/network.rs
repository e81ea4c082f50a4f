//! Options about who asks, and how often they may

use clap::Args;
use ipnet::IpNet;

use crate::client_address::{ForwardedHeader, Proxies, read_network};

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
}

impl NetworkOptions {
    pub(crate) fn proxies(&self) -> Proxies {
        Proxies {
            trusted: self.trusted_proxies.clone(),
            header: self.forwarded_header,
        }
    }
}
