//! `flagstaff backup` and `flagstaff restore`

use std::path::PathBuf;

use clap::Args;

use super::progress::Progress;
use super::{CommandError, CommandOutput};
use crate::config::DatabaseOptions;
use crate::store::{backup, restore};

/// What to back up, and where to
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The file to create; it must not exist
    file: PathBuf,

    #[command(flatten)]
    database: DatabaseOptions,
}

/// What to restore, and where to
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup; it is not changed
    file: PathBuf,

    #[command(flatten)]
    database: DatabaseOptions,
}

pub(super) fn run_backup(args: &BackupArgs) -> Result<CommandOutput, CommandError> {
    let copying = backup(args.database.address(), &args.file);
    super::runtime()?.block_on(Progress::of_unknown_length("backup").during(copying))?;
    let text = format!("backed up to `{}`\n", args.file.display());
    Ok(CommandOutput::success(text))
}

pub(super) fn run_restore(args: &RestoreArgs) -> Result<CommandOutput, CommandError> {
    let copying = restore(&args.file, args.database.address());
    let progress = Progress::of_unknown_length("restore");
    let kept = super::runtime()?.block_on(progress.during(copying))?;
    let kept = kept.map_or_else(String::new, |kept| {
        format!(
            "the database that was there is kept as `{}`\n",
            kept.display()
        )
    });
    Ok(CommandOutput::success(format!(
        "restored from `{}`\n{kept}\
         keys, tokens, members and sessions are as they were at the backup: end again what was ended since\n",
        args.file.display()
    )))
}
