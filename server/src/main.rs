//! The binary `flagstaff`: reads the command line, logs to stderr, runs the command

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use flagstaff_server::{Cli, Command, ServeOptions, chain, cli, log_to_stderr, serve};

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(options) => run_server(*options),
        Command::Tool(tool) => cli::run(&tool),
    }
}

#[tokio::main]
async fn run_server(options: ServeOptions) -> ExitCode {
    log_to_stderr(options.log_format);
    match serve(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do if stderr is gone too.
            let _ = writeln!(io::stderr(), "flagstaff: {}", chain(&error));
            ExitCode::FAILURE
        }
    }
}
