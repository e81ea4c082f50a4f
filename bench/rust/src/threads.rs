//! What two threads give that share one client, against one thread

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::measure;

/// Nanoseconds a call, all threads together; the lowest of the rounds
#[derive(Debug, Clone, Copy)]
pub struct Scaling {
    pub one: f64,
    pub two: f64,
}

/// Each round times one thread, then two. `calls` holds what each thread does.
pub fn scaling<T>(rounds: u32, target: Duration, calls: [&(dyn Fn() -> T + Sync); 2]) -> Scaling {
    let [first, second] = calls;
    let count = measure::calibrate(target, first);
    let mut lowest = Scaling {
        one: f64::INFINITY,
        two: f64::INFINITY,
    };
    for _ in 0..rounds {
        lowest.one = lowest.one.min(together(count, &[first]));
        lowest.two = lowest.two.min(together(count, &[first, second]));
    }
    lowest
}

/// The same job without anything shared: what the machine can give
pub fn control(rounds: u32, target: Duration) -> Scaling {
    let spin = || {
        (0..10_000_u64).fold(1_u64, |sum, number| {
            sum.wrapping_mul(31) ^ black_box(number)
        })
    };
    scaling(rounds, target, [&spin, &spin])
}

fn together<T>(count: u64, calls: &[&(dyn Fn() -> T + Sync)]) -> f64 {
    let barrier = Barrier::new(calls.len());
    let spans: Vec<(Instant, Instant)> = thread::scope(|scope| {
        let barrier = &barrier;
        let threads: Vec<_> = calls
            .iter()
            .map(|&call| {
                scope.spawn(move || {
                    barrier.wait();
                    let start = Instant::now();
                    measure::time(count, call);
                    (start, Instant::now())
                })
            })
            .collect();
        let spans = threads.into_iter().map(thread::ScopedJoinHandle::join);
        spans.filter_map(Result::ok).collect()
    });
    // Each thread takes its own times: who waits for them may wake late.
    let start = spans.iter().map(|span| span.0).min();
    let end = spans.iter().map(|span| span.1).max();
    let took = start
        .zip(end)
        .map_or(Duration::MAX, |(start, end)| end - start);
    measure::per_call(took, count * spans.len() as u64)
}
