//! Opens streams, and times how long a change takes to reach each of them
//!
//! Prints how they were opened, waits for a line on standard input, so that the calling program can read the memory of the server, and
//! then changes a flag repeatedly.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use crate::connection::Connection;
use crate::report::{Percentiles, percentiles};

const COMMIT: &[u8] = b"event: payload-transferred";
/// Number of streams that are opened concurrently
const AT_ONCE: usize = 64;
/// A change that takes longer ends the run
const CHANGE_TIMEOUT: Duration = Duration::from_mins(1);
/// Pause between two changes, so that the server has finished the first
const PAUSE: Duration = Duration::from_millis(250);
const ROOM: usize = 8 * 1024;

#[derive(Debug, Args)]
pub(crate) struct Options {
    address: SocketAddr,
    /// Header with a server key
    #[arg(long)]
    authorization: String,
    /// Header with an admin token
    #[arg(long)]
    admin: String,
    /// Path of the flag that is changed
    #[arg(long)]
    flag: String,
    #[arg(long)]
    streams: usize,
    #[arg(long)]
    changes: usize,
}

/// How the streams were opened
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Opened {
    streams: usize,
    seconds: f64,
}

/// Times of changes, from before the request to the arrival of the commit, over all changes and streams
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    changes: usize,
    arrivals: usize,
    /// To every stream
    latency: Percentiles,
    /// To the last stream, one for each change
    last: Percentiles,
    /// To the response to the request that made the change
    answer: Percentiles,
}

pub(crate) fn run(options: Options) -> Result<Report> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(measure(Arc::new(options)))
}

async fn measure(options: Arc<Options>) -> Result<Report> {
    let (committed, mut commits) = mpsc::unbounded_channel();
    let begun = Instant::now();
    let doors = Arc::new(Semaphore::new(AT_ONCE));
    for _ in 0..options.streams {
        let (options, committed, doors) = (options.clone(), committed.clone(), doors.clone());
        tokio::spawn(async move {
            if let Err(error) = hold(&options, &committed, &doors).await {
                eprintln!("a stream failed: {error:#}");
            }
        });
    }
    // What is left open is held by the streams alone: when one fails, waiting for it does.
    drop(committed);
    collect(&mut commits, options.streams).await?;
    let opened = Opened {
        streams: options.streams,
        seconds: begun.elapsed().as_secs_f64(),
    };
    println!("{}", serde_json::to_string(&opened)?);
    tokio::task::spawn_blocking(|| io::stdin().read_line(&mut String::new())).await??;

    let (mut all, mut last, mut answers) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..options.changes {
        tokio::time::sleep(PAUSE).await;
        let due = Instant::now();
        let of = options.clone();
        let answer = tokio::task::spawn_blocking(move || change(&of, number));
        let arrivals = collect(&mut commits, options.streams).await?;
        answer.await??;
        answers.push(due.elapsed().min(CHANGE_TIMEOUT));
        let delays = arrivals.iter().map(|arrived| arrived.duration_since(due));
        last.extend(delays.clone().max());
        all.extend(delays);
    }
    let nothing = "there was nothing to measure";
    Ok(Report {
        changes: options.changes,
        arrivals: all.len(),
        latency: percentiles(all).context(nothing)?,
        last: percentiles(last).context(nothing)?,
        answer: percentiles(answers).context(nothing)?,
    })
}

/// The arrival times of a number of commits
async fn collect(
    commits: &mut mpsc::UnboundedReceiver<Instant>,
    count: usize,
) -> Result<Vec<Instant>> {
    let mut arrivals = Vec::with_capacity(count);
    while arrivals.len() < count {
        let arrived = timeout(CHANGE_TIMEOUT, commits.recv()).await;
        let arrived = arrived.with_context(|| format!("{} of {count} came", arrivals.len()))?;
        arrivals.push(arrived.context("all streams have failed")?);
    }
    Ok(arrivals)
}

/// Reads a stream until it ends, and reports each commit
async fn hold(
    options: &Options,
    committed: &mpsc::UnboundedSender<Instant>,
    doors: &Semaphore,
) -> Result<()> {
    // Released with the first commit.
    let mut door = Some(doors.acquire().await?);
    let mut stream = TcpStream::connect(options.address).await?;
    let request = format!(
        "GET /api/v1/sdk/stream HTTP/1.1\r\nHost: {}\r\n{}\r\n\r\n",
        options.address, options.authorization
    );
    stream.write_all(request.as_bytes()).await?;
    let mut room = vec![0; ROOM];
    let mut read = 0;
    loop {
        let more = stream.read(&mut room[read..]).await?;
        if more == 0 {
            bail!("the server closed it");
        }
        read += more;
        let arrived = Instant::now();
        let found = room[..read].windows(COMMIT.len());
        for _ in found.filter(|window| *window == COMMIT) {
            committed.send(arrived)?;
            drop(door.take());
        }
        // A marker may be split between two reads; a counted marker must not be counted again.
        let rest = read.min(COMMIT.len() - 1);
        room.copy_within(read - rest..read, 0);
        read = rest;
    }
}

/// Changes the flag over a separate connection
fn change(options: &Options, number: usize) -> Result<()> {
    let share = number % 100;
    let body = format!("{{\"enabled\":true,\"rolloutPercentage\":{share}}}");
    let request = format!(
        "PUT {} HTTP/1.1\r\nHost: {}\r\n{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        options.flag,
        options.address,
        options.admin,
        body.len()
    );
    let answer = Connection::open(options.address)?.ask(request.as_bytes())?;
    if answer.status == 200 {
        Ok(())
    } else {
        bail!("a change was answered {}", answer.status)
    }
}
