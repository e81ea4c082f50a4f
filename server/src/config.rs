//! The options of the server and their environment variables

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::runtime::logging::LogFormat;

mod connections;
mod file;
mod identity;
mod network;
mod secret;
mod tls;

pub use connections::ConnectionOptions;
pub(crate) use file::OptionsFile;
pub use identity::{IdentityError, IdentityOptions};
pub use network::NetworkOptions;
pub use secret::Secret;
pub(crate) use secret::SecretParser;
pub use tls::TlsOptions;

/// Characters of a token with the role admin, which nobody is to find by trying
const ADMIN_TOKEN_LENGTH: usize = 24;

/// Where the data is kept
#[derive(Debug, Clone, Args)]
pub struct DatabaseOptions {
    /// Where the data is kept: an SQLite file, or for several nodes `postgres://USER:PASSWORD@HOST/NAME`
    #[arg(
        long,
        env = "FLAGSTAFF_DATABASE",
        hide_env_values = true,
        value_parser = SecretParser::ADDRESS,
        default_value = "sqlite://flagstaff.db",
        value_name = "URL"
    )]
    pub database: Secret,
}

impl DatabaseOptions {
    /// The address, with what is secret in it
    pub(crate) fn address(&self) -> &str {
        self.database.reveal()
    }
}

/// How to run the server
#[derive(Debug, Clone, Args)]
pub struct ServeOptions {
    /// File with options in TOML, each by its name without the dashes, as `listen = "0.0.0.0:8080"`; the command line and the
    /// environment have priority over it
    #[arg(long, env = "FLAGSTAFF_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Address to listen on; port 0 takes a free one
    #[arg(long, env = "FLAGSTAFF_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Where the data is kept
    #[command(flatten)]
    pub database: DatabaseOptions,

    /// Redis that all nodes of the database share, as `redis://HOST`: announces commits, and has what a node needs to start while
    /// the database is down
    #[arg(
        long,
        env = "FLAGSTAFF_REDIS",
        hide_env_values = true,
        value_parser = SecretParser::ADDRESS,
        value_name = "URL"
    )]
    pub redis: Option<Secret>,

    /// Keys that signing secrets in the database and the copy in Redis are encrypted with, separated by commas and of 32 characters or
    /// more: the first encrypts, all decrypt. All nodes need the same; without any, secrets are stored as they are, and Redis has no copy
    #[arg(
        long,
        env = "FLAGSTAFF_ENCRYPTION_KEYS",
        hide_env_values = true,
        value_parser = SecretParser::TEXT,
        value_name = "KEYS"
    )]
    pub encryption_keys: Option<Secret>,

    /// Token with the role admin in all projects, 24 characters or more; if there is none, one is created and printed
    #[arg(
        long,
        env = "FLAGSTAFF_ADMIN_TOKEN",
        hide_env_values = true,
        value_parser = SecretParser::TOKEN,
        value_name = "TOKEN"
    )]
    pub admin_token: Option<Secret>,

    /// Key for servers in environment `production`
    #[arg(
        long,
        env = "FLAGSTAFF_SERVER_KEY",
        hide_env_values = true,
        value_parser = SecretParser::TOKEN,
        value_name = "KEY"
    )]
    pub server_key: Option<Secret>,

    /// Key for browsers that get evaluated values
    #[arg(
        long,
        env = "FLAGSTAFF_CLIENT_KEY",
        hide_env_values = true,
        value_parser = SecretParser::TOKEN,
        value_name = "KEY"
    )]
    pub client_key: Option<Secret>,

    /// Key for browsers that evaluate flags marked `clientSide` themselves
    #[arg(
        long,
        env = "FLAGSTAFF_CLIENT_LOCAL_KEY",
        hide_env_values = true,
        value_parser = SecretParser::TOKEN,
        value_name = "KEY"
    )]
    pub client_local_key: Option<Secret>,

    /// Document whose flags are created in every environment of project `default` that does not have them
    #[arg(long, env = "FLAGSTAFF_SEED", value_name = "FILE")]
    pub seed: Option<PathBuf>,

    /// Changes of overrides that one flag takes in an hour, a bulk load counted as one; one more is answered 429, and 0 is no limit
    #[arg(
        long,
        env = "FLAGSTAFF_OVERRIDE_CHANGES",
        default_value_t = 100,
        value_name = "COUNT"
    )]
    pub override_changes: u32,

    /// Days for which counts of evaluations are kept
    #[arg(
        long,
        env = "FLAGSTAFF_USAGE_DAYS",
        default_value_t = 90,
        value_name = "DAYS"
    )]
    pub usage_days: u32,

    /// How many days rows of the audit are kept; 0 keeps them for ever
    #[arg(
        long,
        env = "FLAGSTAFF_AUDIT_DAYS",
        default_value_t = 0,
        value_name = "DAYS"
    )]
    pub audit_days: u32,

    /// Address that `/metrics` is served on instead of the server's own; for servers that everybody can reach
    #[arg(long, env = "FLAGSTAFF_METRICS_LISTEN", value_name = "ADDRESS")]
    pub metrics_listen: Option<SocketAddr>,

    /// Seconds from a SIGTERM, when `/readyz` begins to answer 503, to the end of new connections: as long as load balancers need to
    /// notice. A second signal ends the wait
    #[arg(
        long,
        env = "FLAGSTAFF_SHUTDOWN_DELAY",
        default_value_t = 0,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u32).range(0..=300)
    )]
    pub shutdown_delay: u32,

    /// How connections are encrypted
    #[command(flatten)]
    pub tls: TlsOptions,

    /// How many may be connected
    #[command(flatten)]
    pub connections: ConnectionOptions,

    /// Who asks
    #[command(flatten)]
    pub network: NetworkOptions,

    /// Who they are
    #[command(flatten)]
    pub identity: IdentityOptions,

    /// How to log, to stderr; `FLAGSTAFF_LOG` says what, as `info` or `flagstaff_server=debug`
    #[arg(
        long,
        env = "FLAGSTAFF_LOG_FORMAT",
        value_enum,
        default_value_t = LogFormat::Text
    )]
    pub log_format: LogFormat,
}

/// A token with the role admin that could be guessed
#[derive(Debug, thiserror::Error)]
#[error("`--admin-token` is shorter than {ADMIN_TOKEN_LENGTH} characters: draw it at random")]
pub struct WeakToken;

impl ServeOptions {
    /// Refuses what cannot be told from one option by itself; not as the command line is read, which would print a refused token
    pub(crate) fn check(&self) -> Result<(), WeakToken> {
        let token = self.admin_token.as_ref().map(Secret::reveal);
        if token.is_some_and(|token| token.len() < ADMIN_TOKEN_LENGTH) {
            return Err(WeakToken);
        }
        Ok(())
    }
}
