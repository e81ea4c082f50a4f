//! Measures requests, changes and getters: prints a line of JSON with times in microseconds

mod connection;
mod getter;
mod report;
mod requests;
mod streams;

use anyhow::Result;
use clap::Parser;

/// Measures latencies
#[derive(Debug, Parser)]
enum Command {
    /// Sends requests to a server at fixed instants, even if the server is slow
    Requests(requests::Options),
    /// Opens streams, and times changes
    Streams(streams::Options),
    /// Calls a getter of the Rust SDK
    Getter(getter::Options),
}

fn main() -> Result<()> {
    let line = match Command::parse() {
        Command::Requests(options) => serde_json::to_string(&requests::run(&options)?)?,
        Command::Streams(options) => serde_json::to_string(&streams::run(options)?)?,
        Command::Getter(options) => serde_json::to_string(&getter::run(&options)?)?,
    };
    println!("{line}");
    Ok(())
}
