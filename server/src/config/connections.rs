//! Options about the number of connections, which the limit of open files may lower

use clap::Args;

use crate::http::connections::{ConnectionLimits, SPARE};
use crate::streams::stream::StreamLimits;

/// Descriptors that the limits leave alone: 64 for the store, Redis and the runtime, the rest for connections beyond the limits and those
/// to the address of `/metrics`
const RESERVED: usize = 64 + 3 * SPARE;

/// The maximum numbers of streams and connections
#[derive(Debug, Clone, Copy, Args)]
pub struct ConnectionOptions {
    /// Maximum number of open streams, the last fifth of them for server keys only; further ones get 503
    #[arg(long, default_value_t = 10_000, value_name = "COUNT")]
    pub max_streams: u32,

    /// Maximum number of open streams of one public key; three fifths of `--max-streams` by default, 0 means no limit
    #[arg(long, value_name = "COUNT")]
    pub max_streams_key: Option<u32>,

    /// Maximum number of open streams of public keys from one address (IPv6: one /64); a tenth of `--max-streams` by default, 0 means no
    /// limit
    #[arg(long, value_name = "COUNT")]
    pub max_streams_address: Option<u32>,

    /// Maximum number of open connections without a stream; further ones get 503
    #[arg(long, default_value_t = 10_000, value_name = "COUNT")]
    pub max_connections: u32,

    /// Maximum number of open connections, with their streams, from one address that is not a trusted proxy; by default a quarter of
    /// both maxima together, but at most half of `--max-connections`; 0 means no limit
    #[arg(long, value_name = "COUNT")]
    pub max_connections_address: Option<u32>,
}

impl ConnectionOptions {
    /// The limits, lowered where there are too few descriptors for them; `descriptors` is `None` where there is no limit
    pub(crate) fn limits(&self, descriptors: Option<u64>) -> (StreamLimits, ConnectionLimits) {
        let (streams, plain) = (count(self.max_streams), count(self.max_connections));
        let wanted = streams.saturating_add(plain);
        let room = descriptors.map_or(usize::MAX, room);
        let (streams, plain) = if wanted <= room {
            (streams, plain)
        } else {
            let streams = streams.min(room.saturating_mul(3) / 4);
            let plain = plain.min(room.saturating_sub(streams));
            tracing::warn!(
                streams,
                connections = plain,
                needed = wanted.saturating_add(RESERVED),
                "too few open files are allowed for --max-streams and --max-connections, which are lowered: raise the limit (`ulimit -Hn`, `LimitNOFILE=`)"
            );
            (streams, plain)
        };
        let usual = StreamLimits::of(streams);
        let address = (streams.saturating_add(plain) / 4).min(plain / 2).max(1);
        (
            StreamLimits {
                key: self.max_streams_key.map_or(usual.key, count),
                address: self.max_streams_address.map_or(usual.address, count),
                ..usual
            },
            ConnectionLimits {
                plain,
                address: self.max_connections_address.map_or(address, count),
            },
        )
    }
}

/// The number of connections for which this many descriptors are enough
fn room(descriptors: u64) -> usize {
    let descriptors = usize::try_from(descriptors).unwrap_or(usize::MAX);
    // With very few the reserve cannot be whole, and a server that takes no connections is of no use.
    descriptors.saturating_sub(RESERVED).max(descriptors / 2)
}

fn count(option: u32) -> usize {
    usize::try_from(option).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(descriptors: Option<u64>) -> [usize; 6] {
        let options = ConnectionOptions {
            max_streams: 10_000,
            max_streams_key: None,
            max_streams_address: None,
            max_connections: 10_000,
            max_connections_address: None,
        };
        let (streams, connections) = options.limits(descriptors);
        let StreamLimits {
            all,
            public,
            key,
            address,
        } = streams;
        [
            all,
            public,
            key,
            address,
            connections.plain,
            connections.address,
        ]
    }

    #[test]
    fn what_is_open_leaves_descriptors_for_the_rest() {
        let enough = [10_000, 8_000, 6_000, 1_000, 10_000, 5_000];
        assert_eq!(limits(None), enough);
        assert_eq!(limits(Some(20_256)), enough);
        assert_eq!(limits(Some(1_024)), [576, 460, 345, 57, 192, 96]);
        for descriptors in [20_255, 4_096, 1_024, 256, 64] {
            let [streams, _, _, _, plain, _] = limits(Some(descriptors));
            let left = usize::try_from(descriptors).unwrap() - streams - plain;
            assert!(left >= RESERVED.min(usize::try_from(descriptors).unwrap() / 2));
        }
    }

    #[test]
    fn what_is_set_is_not_a_share() {
        let options = ConnectionOptions {
            max_streams: 1,
            max_streams_key: Some(0),
            max_streams_address: Some(7),
            max_connections: 0,
            max_connections_address: Some(3),
        };
        let (streams, connections) = options.limits(Some(1_024));
        assert_eq!((streams.all, streams.public), (1, 1));
        assert_eq!((streams.key, streams.address), (0, 7));
        assert_eq!((connections.plain, connections.address), (0, 3));
    }
}
