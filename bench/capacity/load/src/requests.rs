//! Requests at a given rate over connections that stay open
//!
//! The schedule is open: each connection has its own, with random (exponential) gaps that do not depend on responses. A latency counts
//! from the instant at which a request was *due*, so a pause of the server counts for all requests that waited for it (no coordinated
//! omission). It also includes the delay of the timer, which is the noise of the run and is reported separately as `lateness`.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::connection::{Connection, Request};
use crate::report::{Report, Sample};

/// Time for the threads to start before the first request is due
const LEAD: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Address of the server
    address: SocketAddr,
    /// Path of the POST requests
    path: String,
    /// The body; `{}` in it is replaced by the number of the request
    body: String,
    /// A header, as `Name: value`; may be given several times
    #[arg(short = 'H', long = "header")]
    headers: Vec<String>,
    /// Requests a second, over all connections
    #[arg(long, default_value_t = 500.0)]
    rate: f64,
    /// Measured seconds
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Seconds of warm-up at the same rate, which are not measured
    #[arg(long, default_value_t = 2.0)]
    warm_up: f64,
    /// Number of connections
    #[arg(long, default_value_t = 4)]
    connections: u32,
    /// The status that every response must have
    #[arg(long, default_value_t = 200)]
    status: u16,
    /// Seed of the schedule
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Sends all requests
pub(crate) fn run(options: &Options) -> Result<Report> {
    if options.rate <= 0.0 || options.connections == 0 {
        bail!("the rate and the number of connections must be above 0");
    }
    let start = Instant::now() + LEAD;
    let workers: Vec<_> = (0..options.connections)
        .map(|number| {
            let options = options.clone();
            thread::spawn(move || work(&options, number, start))
        })
        .collect();
    let mut samples = Vec::new();
    for worker in workers {
        match worker.join() {
            Ok(more) => samples.extend(more?),
            Err(_) => bail!("a worker ended early"),
        }
    }
    Report::of(&samples).context("no request was measured")
}

/// The requests of one connection; samples of those that were due after the warm-up
fn work(options: &Options, number: u32, start: Instant) -> Result<Vec<Sample>> {
    let mut connection = Connection::open(options.address)?;
    let request = Request::new(
        options.address,
        &options.path,
        &options.headers,
        &options.body,
    );
    let mut random = fastrand::Rng::with_seed(options.seed.wrapping_add(number.into()));
    let mean_gap = f64::from(options.connections) / options.rate;
    let mut samples = Vec::new();
    let mut due = 0.0;
    let mut idle_since = start;
    for count in 0_u64.. {
        // 1 − [0, 1) is never 0.
        due -= mean_gap * (1.0 - random.f64()).ln();
        if due >= options.warm_up + options.seconds {
            break;
        }
        let due_at = start + Duration::from_secs_f64(due);
        thread::sleep(due_at.saturating_duration_since(Instant::now()));
        let sent_at = Instant::now();
        let index = count * u64::from(options.connections) + u64::from(number);
        let answer = connection.ask(&request.bytes(index))?;
        if answer.status != options.status {
            bail!("status {} instead of {}", answer.status, options.status);
        }
        let answered_at = Instant::now();
        if due >= options.warm_up {
            samples.push(Sample {
                latency: answered_at.saturating_duration_since(due_at),
                // Waiting for the previous response is not a delay of the timer.
                lateness: sent_at.saturating_duration_since(due_at.max(idle_since)),
                bytes_in: answer.bytes,
            });
        }
        idle_since = answered_at;
    }
    Ok(samples)
}
