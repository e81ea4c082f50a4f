//! The options of `flagstaff serve` from the command line, the environment and a file; `flagstaff config`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, CommandFactory as _, FromArgMatches as _, Subcommand};
use serde_json::json;

use super::table::table;
use super::{Cli, CommandError, CommandOutput, Format};
use crate::app::serve::check;
use crate::config::{OptionsFile, ServeOptions};
use crate::runtime::logging::error_chain;

/// What to do with the configuration of a server
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the options of `serve`, and print each with its value and the source of the value
    ///
    /// Opens neither the database nor the network. Exits with 0, or with 2 if the server would not start with them.
    Check(CheckArgs),
}

/// What to check
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    options: Box<ServeOptions>,
    /// How to print them
    #[arg(long = "format", value_enum, default_value_t = Format::Text)]
    check_format: Format,
    #[arg(skip)]
    settings: Vec<Setting>,
}

/// An option in force
#[derive(Debug, Clone)]
struct Setting {
    name: String,
    value: String,
    source: &'static str,
}

impl Cli {
    /// Reads the command line, the environment, and the file that `--config` names
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let mut command = Self::command();
        let matches = command.clone().try_get_matches_from(&arguments)?;
        let (names, of_command) = deepest(&matches);
        // Only some commands have the option.
        let path = of_command.try_get_one::<PathBuf>("config").ok().flatten();
        let mut file = None;
        if let Some(path) = path {
            let read = OptionsFile::read(path, subcommand(&command, &names)).map_err(|error| {
                let message = format!("{}: {error}\n", path.display());
                command.error(ErrorKind::ValueValidation, message)
            })?;
            command = configured(command, &names, &read);
            file = Some(read);
        }
        let matches = command.clone().try_get_matches_from(&arguments)?;
        let mut cli = Self::from_arg_matches(&matches)?;
        if let Some(check) = cli.check() {
            let (names, of_command) = deepest(&matches);
            let options = subcommand(&command, &names);
            check.settings = settings(options, of_command, file.as_ref());
        }
        Ok(cli)
    }

    fn check(&mut self) -> Option<&mut CheckArgs> {
        use super::{Command, OneShotCommand};
        let Command::OneShotCommand(command) = &mut self.command else {
            return None;
        };
        match &mut **command {
            OneShotCommand::Config(ConfigCommand::Check(check)) => Some(check),
            _ => None,
        }
    }
}

/// The names of the subcommand that was given, and what was given to it
fn deepest(matches: &ArgMatches) -> (Vec<String>, &ArgMatches) {
    let (mut names, mut deepest) = (Vec::new(), matches);
    while let Some((name, matches)) = deepest.subcommand() {
        names.push(name.to_owned());
        deepest = matches;
    }
    (names, deepest)
}

fn subcommand<'c>(command: &'c Command, names: &[String]) -> &'c Command {
    names.iter().fold(command, |command, name| {
        command.find_subcommand(name).unwrap_or(command)
    })
}

/// The command with the options of a file in one of its subcommands
fn configured(command: Command, names: &[String], file: &OptionsFile) -> Command {
    match names.split_first() {
        Some((first, others)) => {
            command.mut_subcommand(first, |command| configured(command, others, file))
        }
        None => file.apply(command),
    }
}

fn settings(command: &Command, matches: &ArgMatches, file: Option<&OptionsFile>) -> Vec<Setting> {
    let options = command.get_arguments().filter_map(|arg| {
        let (id, name) = (arg.get_id().as_str(), arg.get_long()?);
        let is_of_serve = !["help", "version", "format"].contains(&name);
        let values = matches.try_get_raw(id).ok().flatten();
        let values: Vec<String> = values
            .into_iter()
            .flatten()
            .map(|value| value.to_string_lossy().into_owned())
            .collect();
        let value = if values.is_empty() {
            "(not set)".to_owned()
        } else if arg.is_hide_env_values_set() {
            "(secret)".to_owned()
        } else {
            values.join(",")
        };
        let source = match matches.value_source(id) {
            Some(ValueSource::CommandLine) => "command line",
            Some(ValueSource::EnvVariable) => "environment",
            _ if file.is_some_and(|file| file.has(name)) => "file",
            _ => "default",
        };
        is_of_serve.then(|| Setting {
            name: name.to_owned(),
            value,
            source,
        })
    });
    options.collect()
}

pub(super) fn run(command: &ConfigCommand) -> Result<CommandOutput, CommandError> {
    let ConfigCommand::Check(args) = command;
    check(&args.options).map_err(|error| CommandError::Configuration(error_chain(&error)))?;
    let settings = args.settings.iter();
    Ok(CommandOutput::success(match args.check_format {
        Format::Text => {
            let rows: Vec<Vec<String>> = settings
                .map(|it| vec![it.name.clone(), it.value.clone(), it.source.to_owned()])
                .collect();
            table(&["option", "value", "from"], &rows)
        }
        Format::Json => {
            let items: Vec<_> = settings
                .map(|it| json!({"option": it.name, "value": it.value, "from": it.source}))
                .collect();
            super::json(&items)?
        }
    }))
}
