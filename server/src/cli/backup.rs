//! `flagstaff backup` and `flagstaff restore`

use std::path::PathBuf;

use clap::Args;

use super::{Report, ToolError};
use crate::config::{DEFAULT_DATABASE, Secret, SecretParser};
use crate::store::{backup, restore};

/// What to back up, and where to
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The file to make, which must not exist
    file: PathBuf,

    #[command(flatten)]
    database: DatabaseArgs,
}

/// What to restore, and where to
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// A backup, which stays as it is
    file: PathBuf,

    #[command(flatten)]
    database: DatabaseArgs,
}

#[derive(Debug, Args)]
struct DatabaseArgs {
    /// The SQLite database
    #[arg(
        long,
        env = "FLAGSTAFF_DATABASE",
        hide_env_values = true,
        value_parser = SecretParser::ADDRESS,
        default_value = DEFAULT_DATABASE,
        value_name = "URL"
    )]
    database: Secret,
}

pub(super) fn run_backup(args: &BackupArgs) -> Result<Report, ToolError> {
    runtime()?.block_on(backup(args.database.database.reveal(), &args.file))?;
    Ok(report(format!("backed up to `{}`\n", args.file.display())))
}

pub(super) fn run_restore(args: &RestoreArgs) -> Result<Report, ToolError> {
    let kept = runtime()?.block_on(restore(&args.file, args.database.database.reveal()))?;
    let mut text = format!("restored from `{}`\n", args.file.display());
    if let Some(kept) = kept {
        text += &format!(
            "the database that was there is kept as `{}`\n",
            kept.display()
        );
    }
    text +=
        "keys, tokens and members are as they were at the backup: end again what was ended since\n";
    Ok(report(text))
}

fn report(text: String) -> Report {
    Report {
        text,
        is_good: true,
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, ToolError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ToolError::Runtime)
}
