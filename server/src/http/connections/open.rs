//! The open connections: their limits, their addresses, and the requests on them

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use tokio::time::Instant;

use super::socket::Activity;
use crate::http::client_address::{Proxies, network};
use crate::runtime::logging::LogLimiter;

/// Connections beyond the limits that still get a response: health checks as usual, everything else 503
pub(crate) const SPARE: usize = 64;
/// The maximum number of those from one address
const ADDRESS_SPARE: usize = 16;
/// The maximum number of aborted requests that the log names
const MAX_NAMED: usize = 10;

/// The limits on open connections
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Connections without a stream
    pub plain: usize,
    /// Connections from one address (IPv6: one /64) that is not a trusted proxy's, including streams; 0 for no limit
    pub address: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            plain: 10_000,
            address: 5_000,
        }
    }
}

/// The limit that a connection exceeds
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// Of all connections
    All,
    /// Of an address
    Address,
}

impl Beyond {
    pub(crate) const ALL: [Self; 2] = [Self::All, Self::Address];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Address => "address",
        }
    }
}

/// What to do with a new connection
#[derive(Debug)]
pub(super) enum Admission {
    /// Serve it
    Served(Place),
    /// Give it one response, since a limit is reached
    Spare(Place, Beyond),
    /// Close it, since there is no room even for a response
    Refused(Beyond),
}

/// All connections of a listener
#[derive(Debug)]
pub(crate) struct Connections {
    limits: ConnectionLimits,
    proxies: Proxies,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    last_id: u64,
    plain: usize,
    spare: usize,
    addresses: HashMap<IpAddr, OfAddress>,
    connections: HashMap<u64, OpenConnection>,
    log_limiter: LogLimiter,
}

#[derive(Debug, Default)]
struct OfAddress {
    served: usize,
    spare: usize,
}

#[derive(Debug)]
struct OpenConnection {
    connection: Arc<Connection>,
    is_spare: bool,
    // Over HTTP/2 there may be several.
    streams: usize,
}

/// One connection
#[derive(Debug)]
pub(crate) struct Connection {
    id: u64,
    peer: SocketAddr,
    all: Arc<Connections>,
    pub(super) activity: Arc<Activity>,
    request: Mutex<Option<UnderWay>>,
    is_answered: AtomicBool,
}

#[derive(Debug)]
struct UnderWay {
    method: Method,
    path: String,
    since: Instant,
}

impl Connection {
    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Records a request whose head has arrived
    pub(super) fn begin(&self, method: &Method, path: &str) {
        let mut request = self.request.lock().unwrap_or_else(PoisonError::into_inner);
        *request = Some(UnderWay {
            method: method.clone(),
            path: path.to_owned(),
            since: Instant::now(),
        });
        self.is_answered.store(false, Ordering::Relaxed);
    }

    /// Records that the response is made and only has to be sent
    pub(super) fn answered(&self) {
        self.is_answered.store(true, Ordering::Relaxed);
    }

    /// Counts the connection as one with a stream until the result is dropped
    pub(crate) fn carry_stream(self: &Arc<Self>) -> CarriedStream {
        self.all.mark(self.id, true);
        CarriedStream(Arc::clone(self))
    }

    fn warn_of_cut(&self) {
        let request = self.request.lock().unwrap_or_else(PoisonError::into_inner);
        let waited_for = if self.is_answered.load(Ordering::Relaxed) {
            "the client, to read the answer"
        } else {
            "the answer"
        };
        match &*request {
            Some(UnderWay {
                method,
                path,
                since,
            }) => {
                let (client, age) = (self.peer, since.elapsed());
                tracing::warn!(%client, %method, path, ?age, waited_for, "request cut off");
            }
            None => {
                tracing::warn!(client = %self.peer, waited_for = "a request", "connection cut off");
            }
        }
    }
}

/// Marks a connection as one with a stream
#[derive(Debug)]
pub(crate) struct CarriedStream(Arc<Connection>);

impl Drop for CarriedStream {
    fn drop(&mut self) {
        self.0.all.mark(self.0.id, false);
    }
}

/// The place of an open connection, freed on drop
#[derive(Debug)]
pub(super) struct Place(pub(super) Arc<Connection>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.all.leave(&self.0);
    }
}

impl Connections {
    pub(crate) fn new(limits: ConnectionLimits, proxies: Proxies) -> Self {
        Self {
            limits,
            proxies,
            open: Mutex::default(),
        }
    }

    /// The limits, and the number of connections without a stream
    pub(crate) fn plain(&self) -> (ConnectionLimits, usize) {
        (self.limits, self.open().plain)
    }

    /// Finds a place for a new connection
    pub(super) fn admit(self: &Arc<Self>, peer: SocketAddr) -> Admission {
        let mut open = self.open();
        let address = open.addresses.get(&network(peer.ip()));
        let (served, spare) = address.map_or((0, 0), |address| (address.served, address.spare));
        // The connections of a proxy belong to many clients, whose streams and requests have limits of their own.
        let is_limited = self.limits.address > 0 && !self.proxies.trusts(peer.ip().to_canonical());
        let beyond = if open.plain >= self.limits.plain {
            Some(Beyond::All)
        } else if is_limited && served >= self.limits.address {
            Some(Beyond::Address)
        } else {
            None
        };
        let Some(beyond) = beyond else {
            return Admission::Served(self.enter(&mut open, peer, false));
        };
        open.warn(peer, beyond, self.limits);
        if open.spare < SPARE && spare < ADDRESS_SPARE {
            Admission::Spare(self.enter(&mut open, peer, true), beyond)
        } else {
            Admission::Refused(beyond)
        }
    }

    fn enter(self: &Arc<Self>, open: &mut Open, peer: SocketAddr, is_spare: bool) -> Place {
        open.last_id = open.last_id.wrapping_add(1);
        let connection = Arc::new(Connection {
            id: open.last_id,
            peer,
            all: Arc::clone(self),
            activity: Arc::default(),
            request: Mutex::default(),
            is_answered: AtomicBool::default(),
        });
        open.count(peer, is_spare, |count| count.saturating_add(1));
        let entry = OpenConnection {
            connection: Arc::clone(&connection),
            is_spare,
            streams: 0,
        };
        open.connections.insert(connection.id, entry);
        Place(connection)
    }

    fn leave(&self, connection: &Connection) {
        let mut open = self.open();
        if let Some(left) = open.connections.remove(&connection.id) {
            if left.streams > 0 {
                open.plain = open.plain.saturating_add(1);
            }
            open.count(connection.peer, left.is_spare, |count| {
                count.saturating_sub(1)
            });
        }
    }

    fn mark(&self, id: u64, carries_stream: bool) {
        let mut open = self.open();
        // A stream may outlive its connection by a moment.
        let Some(entry) = open.connections.get_mut(&id) else {
            return;
        };
        let before = entry.streams;
        entry.streams = if carries_stream {
            before.saturating_add(1)
        } else {
            before.saturating_sub(1)
        };
        open.plain = match (before, entry.streams) {
            (0, 1) => open.plain.saturating_sub(1),
            (1, 0) => open.plain.saturating_add(1),
            _ => open.plain,
        };
    }

    /// Logs the requests that are aborted when the process stops
    pub(crate) fn warn_of_cut(&self) {
        let open = self.open();
        let streams = open.connections.values().filter(|open| open.streams > 0);
        let streams = streams.count();
        let requests = open.connections.len().saturating_sub(streams);
        tracing::warn!(
            streams,
            requests,
            "what did not end in time is cut off, {MAX_NAMED} of it named here"
        );
        for open in open.connections.values().take(MAX_NAMED) {
            open.connection.warn_of_cut();
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Counts a connection up or down
    fn count(&mut self, peer: SocketAddr, is_spare: bool, change: fn(usize) -> usize) {
        let network = network(peer.ip());
        let address = self.addresses.entry(network).or_default();
        let (all, own) = if is_spare {
            (&mut self.spare, &mut address.spare)
        } else {
            (&mut self.plain, &mut address.served)
        };
        *all = change(*all);
        *own = change(*own);
        if address.served == 0 && address.spare == 0 {
            self.addresses.remove(&network);
        }
    }

    fn warn(&mut self, peer: SocketAddr, beyond: Beyond, limits: ConnectionLimits) {
        if !self.log_limiter.admit(beyond.name()) {
            return;
        }
        match beyond {
            Beyond::All => tracing::warn!(
                limit = limits.plain,
                "the limit of connections is reached (--max-connections)"
            ),
            Beyond::Address => tracing::warn!(
                address = %peer.ip(), limit = limits.address,
                "an address has as many connections as one may have (--max-connections-address); if it is a proxy, name it with --trusted-proxy"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::client_address::read_network;

    fn connections(plain: usize, address: usize) -> Arc<Connections> {
        let proxies = Proxies {
            trusted: vec![read_network("10.0.0.0/8").unwrap()],
            ..Proxies::default()
        };
        Arc::new(Connections::new(
            ConnectionLimits { plain, address },
            proxies,
        ))
    }

    fn served(connections: &Arc<Connections>, peer: &str) -> Option<Place> {
        let peer = SocketAddr::new(peer.parse().unwrap(), 1);
        match connections.admit(peer) {
            Admission::Served(place) => Some(place),
            Admission::Spare(..) | Admission::Refused(_) => None,
        }
    }

    #[tokio::test]
    async fn a_stream_makes_room_for_another_connection_and_takes_it_back() {
        let connections = connections(2, 0);
        let places: Vec<_> = (0..2)
            .map(|_| served(&connections, "192.0.2.1").unwrap())
            .collect();
        assert!(served(&connections, "192.0.2.1").is_none());
        let stream = places[0].0.carry_stream();
        let third = served(&connections, "192.0.2.1").expect("a stream is counted elsewhere");
        drop(stream);
        assert_eq!(connections.plain().1, 3);
        assert!(served(&connections, "192.0.2.1").is_none());
        let stream = places[0].0.carry_stream();
        drop(places);
        // After its connection.
        drop(stream);
        drop(third);
        assert_eq!(connections.plain().1, 0);
        let open = connections.open();
        assert!(open.addresses.is_empty() && open.connections.is_empty());
    }

    #[tokio::test]
    async fn an_address_has_its_share_and_a_proxy_has_what_there_is() {
        let connections = connections(100, 3);
        let take = |peer: &str, count: usize| {
            let places = (0..count).map_while(|_| served(&connections, peer));
            places.collect::<Vec<_>>()
        };
        let first = take("2001:db8::1", 10);
        assert_eq!(first.len(), 3);
        assert!(take("2001:db8::2", 1).is_empty(), "of the same /64");
        let streams: Vec<_> = first.iter().map(|place| place.0.carry_stream()).collect();
        assert!(take("2001:db8::1", 1).is_empty(), "streams are counted too");
        assert_eq!(take("2001:db8:0:1::1", 1).len(), 1);
        assert_eq!(take("::ffff:10.0.0.1", 50).len(), 50);
        drop(streams);
        drop(first);
        assert_eq!(take("2001:db8::1", 10).len(), 3);
    }

    #[tokio::test]
    async fn what_is_beyond_the_limit_has_few_places_and_an_address_fewer() {
        let connections = connections(0, 0);
        let mut spare = Vec::new();
        for address in 0..10_u8 {
            let peer = SocketAddr::new([192, 0, 2, address].into(), 1);
            let before = spare.len();
            while let Admission::Spare(place, Beyond::All) = connections.admit(peer) {
                spare.push(place);
            }
            assert!(spare.len() - before <= ADDRESS_SPARE);
        }
        assert_eq!(spare.len(), SPARE);
        drop(spare);
        assert!(connections.open().addresses.is_empty());
    }
}
