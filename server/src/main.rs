//! The binary `flagstaff`: reads the command line, logs to stderr, runs the command

use std::process::ExitCode;

use flagstaff_server::{
    Cli, Command, ServeError, ServeOptions, cli, error_chain, log_to_stderr, serve,
};
use tokio::runtime::Runtime;

// A background thread returns memory seconds after a flood; glibc keeps it (docs/adr/0028).
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = Cli::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    match cli.command {
        Command::Serve(options) => run_server(*options),
        Command::OneShotCommand(tool) => cli::run(&tool),
    }
}

fn run_server(options: ServeOptions) -> ExitCode {
    let mut log = log_to_stderr(options.log_format);
    let served = Runtime::new().map_err(ServeError::Io).and_then(|runtime| {
        let served = runtime.block_on(serve(options));
        // Without waiting for work on blocking threads: the duration of a stop is limited.
        runtime.shutdown_background();
        served
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do if stderr is gone too.
            let _ = log.print(&format!("flagstaff: {}", error_chain(&error)));
            ExitCode::FAILURE
        }
    }
}
