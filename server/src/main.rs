//! The binary `flagstaff`: reads the command line, logs to stderr, runs the command

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use flagstaff_server::{Cli, Command, ServeOptions, chain, cli, serve};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(options) => run_server(options),
        Command::Tool(tool) => cli::run(&tool),
    }
}

#[tokio::main]
async fn run_server(options: ServeOptions) -> ExitCode {
    let filter =
        EnvFilter::try_from_env("FLAGSTAFF_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
    match serve(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do if stderr is gone too.
            let _ = writeln!(io::stderr(), "flagstaff: {}", chain(&error));
            ExitCode::FAILURE
        }
    }
}
