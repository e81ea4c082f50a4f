//! The throughput of two threads that share one client, compared with one thread

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::measure;

/// Nanoseconds a call, all threads together; the lowest of the rounds
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    pub one: f64,
    pub two: f64,
}

/// Times of the calls, and of a job that shares nothing, which shows what the machine allows
#[derive(Debug, Clone, Copy)]
pub struct Scaling {
    pub calls: Cost,
    pub control: Cost,
}

type Call<'a> = &'a (dyn Fn() + Sync);

/// Each round times one thread, then two, then the control. `calls` are the jobs of the threads.
pub fn scaling(rounds: u32, target: Duration, calls: [Call<'_>; 2]) -> Scaling {
    let count = measure::calibrate(target, calls[0]);
    let spins = measure::calibrate(target, spin);
    let mut lowest = Scaling {
        calls: Cost::NONE,
        control: Cost::NONE,
    };
    for _ in 0..rounds {
        lowest.calls.lower(count, calls);
        lowest.control.lower(spins, [&spin, &spin]);
    }
    lowest
}

/// The time of a call while snapshots are swapped, and while they are not; the lowest of the rounds
#[derive(Debug, Clone, Copy)]
pub struct Swapping {
    pub resting: f64,
    pub swapping: f64,
}

/// Times one thread's calls in turns; `hurry` starts and stops the swapping of snapshots
pub fn swapping(rounds: u32, target: Duration, call: impl Fn(), hurry: impl Fn(bool)) -> Swapping {
    let count = measure::calibrate(target, &call);
    let turn = |is_swapping| {
        hurry(is_swapping);
        measure::per_call(measure::time(count, &call), count)
    };
    let mut lowest = Swapping {
        resting: f64::INFINITY,
        swapping: f64::INFINITY,
    };
    for _ in 0..rounds {
        lowest.resting = lowest.resting.min(turn(false));
        lowest.swapping = lowest.swapping.min(turn(true));
    }
    hurry(false);
    lowest
}

impl Cost {
    const NONE: Self = Self {
        one: f64::INFINITY,
        two: f64::INFINITY,
    };

    fn lower(&mut self, count: u64, [first, second]: [Call<'_>; 2]) {
        self.one = self.one.min(together(count, &[first]));
        self.two = self.two.min(together(count, &[first, second]));
    }
}

fn spin() {
    black_box((0..10_000_u64).fold(1_u64, |sum, number| {
        sum.wrapping_mul(31) ^ black_box(number)
    }));
}

fn together(count: u64, calls: &[Call<'_>]) -> f64 {
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
    // Each thread measures its own time: the waiting thread may wake up late.
    let start = spans.iter().map(|span| span.0).min();
    let end = spans.iter().map(|span| span.1).max();
    let took = start
        .zip(end)
        .map_or(Duration::MAX, |(start, end)| end - start);
    measure::per_call(took, count * spans.len() as u64)
}
