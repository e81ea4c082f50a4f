//! `flagstaff sign-in-link`

use clap::Args;

use super::{CommandError, CommandOutput};
use crate::access::credentials::{NAME_LENGTH, is_name};
use crate::access::sign_in::links;
use crate::config::{DatabaseOptions, PublicUrl};
use crate::store::SqlStore;

/// Whom the link signs in, and where
#[derive(Debug, Args)]
pub struct SignInLinkArgs {
    /// The database of the server
    #[command(flatten)]
    database: DatabaseOptions,
    /// Your name in the audit
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Address of the server as your browser sees it
    #[arg(
        long,
        env = "FLAGSTAFF_PUBLIC_URL",
        default_value = "http://127.0.0.1:8080",
        value_name = "URL"
    )]
    public_url: String,
}

pub(super) fn run(args: &SignInLinkArgs) -> Result<CommandOutput, CommandError> {
    let wrong = |option, expected| Err(CommandError::Argument { option, expected });
    let Ok(base) = args.public_url.parse::<PublicUrl>() else {
        return wrong("--public-url", "`https://HOST[/PATH]`".to_owned());
    };
    if !is_name(&args.name) {
        return wrong("--name", format!("1 to {NAME_LENGTH} characters"));
    }
    let link = super::runtime()?.block_on(async {
        let store = SqlStore::open_existing(args.database.address()).await?;
        let link = links::create(&store, (&base.to_string(), &args.name), super::now(None)).await;
        store.close().await;
        link
    })?;
    // Alone, so that it can be opened by another program.
    Ok(CommandOutput::success(format!("{link}\n")))
}
