//! The options of the server and their environment variables

use std::any::TypeId;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Arg, Args};

use crate::runtime::logging::LogFormat;

mod connections;
mod file;
mod identity;
mod network;
mod secret;
mod sign_in;
mod tls;

pub use connections::ConnectionOptions;
pub(crate) use file::OptionsFile;
pub use identity::{IdentityError, IdentityOptions};
pub use network::NetworkOptions;
pub use secret::Secret;
pub(crate) use secret::SecretParser;
pub(crate) use sign_in::PublicUrl;
pub use sign_in::{SignInOptions, SignInOptionsError};
pub use tls::TlsOptions;

/// Minimum number of characters of the admin token, so that nobody can guess it
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
#[command(mut_args = from_environment)]
pub struct ServeOptions {
    /// File with options in TOML, each by its name without the dashes, as `listen = "0.0.0.0:8080"`; the command line and the
    /// environment have priority over it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Where the data is kept
    #[command(flatten)]
    pub database: DatabaseOptions,

    /// Redis that all nodes of the database share, as `redis://HOST`: it announces commits, and caches what a node needs to start while
    /// the database is down
    #[arg(long, value_parser = SecretParser::ADDRESS, value_name = "URL")]
    pub redis: Option<Secret>,

    /// Keys that encrypt the signing secrets in the database and the cache in Redis, separated by commas, each of 32 characters or more:
    /// the first encrypts, all decrypt. All nodes need the same; without any, secrets are stored unencrypted, and Redis has no cache
    #[arg(long, value_parser = SecretParser::TEXT, value_name = "KEYS")]
    pub encryption_keys: Option<Secret>,

    /// Token with the role admin in all projects, 24 characters or more; if there is none, one is created and printed
    #[arg(long, value_parser = SecretParser::TOKEN, value_name = "TOKEN")]
    pub admin_token: Option<Secret>,

    /// Key for servers in environment `production`
    #[arg(long, value_parser = SecretParser::TOKEN, value_name = "KEY")]
    pub server_key: Option<Secret>,

    /// Key for browsers that get evaluated values
    #[arg(long, value_parser = SecretParser::TOKEN, value_name = "KEY")]
    pub client_key: Option<Secret>,

    /// Key for browsers that evaluate flags marked `clientSide` themselves
    #[arg(long, value_parser = SecretParser::TOKEN, value_name = "KEY")]
    pub client_local_key: Option<Secret>,

    /// Document whose flags are created in every environment of project `default` that does not have them
    #[arg(long, value_name = "FILE")]
    pub seed: Option<PathBuf>,

    /// Maximum number of changes of the overrides of one flag in an hour, where a bulk load counts as one; further ones get 429, and 0
    /// means no limit
    #[arg(long, default_value_t = 100, value_name = "COUNT")]
    pub override_changes: u32,

    /// How many days counts of evaluations are kept
    #[arg(long, default_value_t = 90, value_name = "DAYS")]
    pub usage_days: u32,

    /// How many days rows of the audit are kept; 0 keeps them for ever
    #[arg(long, default_value_t = 0, value_name = "DAYS")]
    pub audit_days: u32,

    /// Address that `/metrics` is served on instead of the server's own; for servers that everybody can reach
    #[arg(long, value_name = "ADDRESS")]
    pub metrics_listen: Option<SocketAddr>,

    /// Seconds between SIGTERM, after which `/readyz` answers 503, and the end of new connections: the time in which load balancers notice
    /// it. A second signal ends the wait
    #[arg(
        long,
        default_value_t = 0,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u32).range(0..=300)
    )]
    pub shutdown_delay: u32,

    /// TLS
    #[command(flatten)]
    pub tls: TlsOptions,

    /// The maximum numbers of streams and connections
    #[command(flatten)]
    pub connections: ConnectionOptions,

    /// The trusted proxies, and the rate limits
    #[command(flatten)]
    pub network: NetworkOptions,

    /// The identity provider
    #[command(flatten)]
    pub identity: IdentityOptions,

    /// How they sign in to the admin UI
    #[command(flatten)]
    pub sign_in: SignInOptions,

    /// Format of the log on stderr; `FLAGSTAFF_LOG` sets the levels, as `info` or `flagstaff_server=debug`
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// Reads an option from the environment too: `--max-streams` from `FLAGSTAFF_MAX_STREAMS`
fn from_environment(option: Arg) -> Arg {
    let Some(name) = option.get_long().map(|name| name.replace('-', "_")) else {
        return option;
    };
    let is_secret = option.get_value_parser().type_id() == TypeId::of::<Secret>();
    option
        .env(format!("FLAGSTAFF_{}", name.to_ascii_uppercase()))
        .hide_env_values(is_secret)
}

/// A token with the role admin that could be guessed
#[derive(Debug, thiserror::Error)]
#[error("`--admin-token` is shorter than {ADMIN_TOKEN_LENGTH} characters: draw it at random")]
pub struct WeakToken;

impl ServeOptions {
    /// Checks the admin token; not while the command line is parsed, since clap would print a refused token
    pub(crate) fn check(&self) -> Result<(), WeakToken> {
        let token = self.admin_token.as_ref().map(Secret::reveal);
        if token.is_some_and(|token| token.len() < ADMIN_TOKEN_LENGTH) {
            return Err(WeakToken);
        }
        Ok(())
    }
}
