//! Networks of IP addresses, as `10.0.0.0/8` or `2001:db8::/32`

use std::net::IpAddr;

/// A network; a bare address is the network of that address alone
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    // These bits are shifted out of an address before it is compared.
    /// The number of host bits of an address
    pub host_bits: u32,
    /// An address of the network
    pub address: IpAddr,
}

impl Network {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text
            .split_once('/')
            .map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(digits)
                if digits.bytes().all(|byte| byte.is_ascii_digit())
                    && (digits == "0" || !digits.starts_with('0')) =>
            {
                digits.parse().ok()?
            }
            Some(_) => return None,
            None => width,
        };
        Some(Self {
            host_bits: u32::checked_sub(width, prefix)?,
            address,
        })
    }

    /// Whether `text` is an address of this network; the families never match each other
    pub(crate) fn covers(&self, text: &str) -> bool {
        match (self.address, text.parse()) {
            (IpAddr::V4(network), Ok(IpAddr::V4(address))) => {
                self.network_of(network.to_bits().into())
                    == self.network_of(address.to_bits().into())
            }
            (IpAddr::V6(network), Ok(IpAddr::V6(address))) => {
                self.network_of(network.to_bits()) == self.network_of(address.to_bits())
            }
            _ => false,
        }
    }

    fn network_of(&self, address: u128) -> u128 {
        address.checked_shr(self.host_bits).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_inside_or_outside() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.1.2", "11.0.0.0"),
            ("10.1.2.3/8", "10.0.0.0", "9.255.255.255"),
            ("192.168.1.1", "192.168.1.1", "192.168.1.2"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("2001:db8::/32", "2001:DB8:ffff::1", "2001:db9::"),
            ("::/0", "::ffff:10.0.0.1", "10.0.0.1"),
            ("::1", "0:0:0:0:0:0:0:1", "::2"),
        ] {
            let network = Network::parse(network).unwrap();
            assert!(network.covers(inside), "{inside}");
            assert!(!network.covers(outside), "{outside}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in [
            "",
            "10.0.0.0/33",
            "10.0.0/8",
            "10.0.0.0/+8",
            "10.0.0.0/08",
            "10.0.0.0/",
            "010.0.0.0/8",
            "fe80::1%eth0",
            "::/129",
            "10.0.0.0/-1",
            "10.0.0.0/8/8",
            " 10.0.0.0/8",
        ] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }
}
