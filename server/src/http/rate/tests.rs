use super::*;
use crate::http::client_address::{Proxies, record};

struct Counted {
    limiter: RateLimiter,
    millis: Arc<AtomicU64>,
}

impl Counted {
    fn new(rates: Rates) -> Self {
        let millis = Arc::new(AtomicU64::new(1_000));
        let limiter = RateLimiter::new(rates, Clock::Manual(Arc::clone(&millis)));
        Self { limiter, millis }
    }

    fn fails(&self, address: &str) -> Result<(), u64> {
        let mut request = axum::extract::Request::default();
        let peer = crate::Peer((address.parse::<IpAddr>().unwrap(), 1).into());
        request.extensions_mut().insert(peer);
        record(&mut request, &Proxies::default());
        let counted = self.limiter.record_auth_failure(request.extensions());
        counted.map_err(|error| match error {
            ApiError::TooManyRequests { retry_after } => retry_after,
            other => panic!("{other}"),
        })
    }
}

fn failures(rate: u32) -> Rates {
    Rates {
        failures: rate,
        ..Rates::default()
    }
}

#[test]
fn ten_seconds_worth_at_once_and_then_so_many_a_second() {
    let counted = Counted::new(failures(2));
    for _ in 0..20 {
        assert_eq!(counted.fails("192.0.2.1"), Ok(()));
    }
    assert_eq!(counted.fails("192.0.2.1"), Err(1));
    assert_eq!(counted.fails("192.0.2.2"), Ok(()), "somebody else");
    counted.millis.fetch_add(1_000, Ordering::Relaxed);
    for _ in 0..2 {
        assert_eq!(counted.fails("192.0.2.1"), Ok(()));
    }
    assert_eq!(counted.fails("192.0.2.1"), Err(1));
    // However long the pause, there is ten seconds' worth.
    counted.millis.fetch_add(3_600_000, Ordering::Relaxed);
    let served = (0..100).filter(|_| counted.fails("192.0.2.1").is_ok());
    assert_eq!(served.count(), 20);
}

#[test]
fn no_rate_is_no_limit() {
    let counted = Counted::new(failures(0));
    assert!((0..10_000).all(|_| counted.fails("192.0.2.1").is_ok()));
}

#[test]
fn whoever_has_a_network_has_one_account() {
    let counted = Counted::new(failures(1));
    for host in 0..10 {
        assert_eq!(counted.fails(&format!("2001:db8::{host}")), Ok(()));
    }
    assert_eq!(counted.fails("2001:db8::ffff"), Err(1));
    assert_eq!(counted.fails("2001:db8:0:1::"), Ok(()));
}

#[test]
fn a_flood_of_addresses_takes_no_room_and_stops_few_others() {
    let counted = Counted::new(failures(1));
    for number in 0..1_000_u32 {
        let address = std::net::Ipv4Addr::from(0x0a00_0000 + number).to_string();
        while counted.fails(&address).is_ok() {}
    }
    let others = (0..1_000_u32).map(|number| std::net::Ipv4Addr::from(0x0b00_0000 + number));
    let stopped = others.filter(|address| counted.fails(&address.to_string()).is_err());
    // The chance that three of a thousand cells in 65,536 are hit is one in 300,000.
    assert!(stopped.count() <= 1);
}

#[test]
fn nodes_add_up_what_they_tell_each_other() {
    let (one, other) = (Counted::new(failures(2)), Counted::new(failures(2)));
    assert!(
        one.limiter.take_unshared().is_empty(),
        "the first call begins it"
    );
    for _ in 0..20 {
        assert_eq!(one.fails("192.0.2.1"), Ok(()));
    }
    let unshared = one.limiter.take_unshared();
    let [(key, used)] = unshared.iter().collect::<Vec<_>>()[..] else {
        panic!("{unshared:?}");
    };
    assert_eq!(key.name(), "failure:@192.0.2.1");
    // The first ones, up to a tenth, are not worth reporting.
    assert_eq!(*used, 17 * 500_000);
    other.limiter.merge_shared(key, *used);
    let served = (0..20).filter(|_| other.fails("192.0.2.1").is_ok());
    assert_eq!(served.count(), 3);
    assert!(one.limiter.take_unshared().is_empty());
}

#[test]
fn whatever_is_told_of_an_account_it_has_a_tenth_at_each_node_and_soon_all_again() {
    let counted = Counted::new(failures(2));
    counted.limiter.take_unshared();
    let key = RateLimitKey {
        class: Class::Failure,
        subject: RateLimitSubject::address("192.0.2.1".parse().unwrap()),
    };
    let serve = |unshared: Option<u64>| {
        let served = (0..100).filter(|_| {
            if let Some(used) = unshared {
                counted.limiter.merge_shared(&key, used);
            }
            counted.fails("192.0.2.1").is_ok()
        });
        served.count()
    };
    let later = |seconds: u64| counted.millis.fetch_add(seconds * 1_000, Ordering::Relaxed);
    // Ten seconds' worth of the tenth at once, then that many per second.
    assert_eq!(serve(Some(u64::MAX)), 2);
    later(5);
    assert_eq!(serve(Some(u64::MAX)), 1);
    // Redis no longer says it: what was believed is used up in ten seconds.
    later(11);
    assert_eq!(serve(None), 20);
    // The same after everything was just used up: the debt is at most the last request.
    later(15);
    assert_eq!(serve(Some(u64::MAX)), 2);
}

#[test]
fn a_large_request_is_paid_for_also_where_nodes_tell_each_other() {
    let counted = Counted::new(failures(1));
    counted.limiter.take_unshared();
    let key = RateLimitKey {
        class: Class::Failure,
        subject: RateLimitSubject::address("192.0.2.1".parse().unwrap()),
    };
    let rate_limit_keys = RateLimitKeys {
        keys: Arc::new([(key, MICROS)]),
        ..RateLimitKeys::default()
    };
    let served = |units: usize| counted.limiter.charge(&rate_limit_keys, units).is_ok();
    assert!(served(100), "a key may be overdrawn once");
    let mut count = 0;
    for _ in 0..1_000 {
        counted.millis.fetch_add(1_000, Ordering::Relaxed);
        count += usize::from(served(100));
    }
    // One request of a hundred units every hundred seconds.
    assert!((9..=11).contains(&count), "{count}");
}
