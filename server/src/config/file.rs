//! A file with options in TOML: each by its name on the command line, without the dashes

use std::collections::BTreeMap;
use std::path::Path;

use clap::{Arg, ArgAction, Command};
use toml::{Spanned, Value};

/// Options that a file cannot have
const NOT_IN_FILES: [&str; 3] = ["config", "help", "version"];

/// The options of a file, each with its values
#[derive(Debug)]
pub(crate) struct OptionsFile(BTreeMap<String, Vec<String>>);

/// Why the options of a file cannot be used; says nothing of their values, of which some are secret
#[derive(Debug, thiserror::Error)]
pub(crate) enum OptionsFileError {
    #[error("cannot read it: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("line {line}: {message}")]
    Toml { line: usize, message: String },
    #[error("line {line}: unknown option `{name}`{hint}")]
    Unknown {
        line: usize,
        name: String,
        hint: String,
    },
    #[error("line {line}: `{name}`: expected a string, a number, a boolean, or an array of them")]
    Shape { line: usize, name: String },
    #[error("line {line}: {message}")]
    Invalid { line: usize, message: String },
}

impl OptionsFile {
    /// Reads a file and checks each option against those of `command`
    pub(crate) fn read(path: &Path, command: &Command) -> Result<Self, OptionsFileError> {
        Self::parse(&std::fs::read_to_string(path)?, command)
    }

    fn parse(text: &str, command: &Command) -> Result<Self, OptionsFileError> {
        let line_at = |offset: usize| {
            let before = text.get(..offset).unwrap_or(text);
            before.matches('\n').count().saturating_add(1)
        };
        let table: BTreeMap<Spanned<String>, Value> =
            toml::from_str(text).map_err(|error| OptionsFileError::Toml {
                line: line_at(error.span().map_or(0, |span| span.start)),
                message: error.message().to_owned(),
            })?;
        let mut options = BTreeMap::new();
        for (key, value) in table {
            let (line, name) = (line_at(key.span().start), key.into_inner());
            let Some(arg) = find(command, &name) else {
                let hint = hint(command, &name);
                return Err(OptionsFileError::Unknown { line, name, hint });
            };
            let Some(values) = texts(&value) else {
                return Err(OptionsFileError::Shape { line, name });
            };
            let values = match arg.get_action() {
                ArgAction::Append => values,
                _ => vec![values.join(",")],
            };
            check(arg, &name, &values)
                .map_err(|message| OptionsFileError::Invalid { line, message })?;
            options.insert(name, values);
        }
        Ok(Self(options))
    }

    /// Whether it has an option
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The command with the options of the file where neither the command line nor the environment has them
    pub(crate) fn apply(&self, mut command: Command) -> Command {
        for (name, values) in &self.0 {
            if let Some(id) = find(&command, name).map(|arg| arg.get_id().clone()) {
                // Hidden: some are secret, and a help text is no place for them.
                command = command.mut_arg(id, |arg| {
                    arg.default_values(values.clone()).hide_default_value(true)
                });
            }
        }
        command
    }
}

fn find<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    let mut arguments = command.get_arguments();
    let found = arguments.find(|arg| arg.get_long() == Some(name))?;
    (!NOT_IN_FILES.contains(&name)).then_some(found)
}

/// The option that was probably meant
fn hint(command: &Command, name: &str) -> String {
    let plain = |name: &str| name.replace(['-', '_', '.'], "").to_lowercase();
    let wanted = plain(name);
    let options = command.get_arguments().filter_map(Arg::get_long);
    let mut options = options.filter(|option| !NOT_IN_FILES.contains(option));
    options.find(|option| plain(option) == wanted).map_or_else(
        || "; `flagstaff serve --help` lists the options".to_owned(),
        |option| format!("; it is written `{option}`"),
    )
}

/// The values of an option as the command line has them
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        one => text(one).map(|text| vec![text]),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(is_set) => Some(is_set.to_string()),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

/// Parses the values as the command line would, so that an error names the line of the file
fn check(arg: &Arg, name: &str, values: &[String]) -> Result<(), String> {
    let command = Command::new("file").no_binary_name(true).arg(arg.clone());
    let given = values.iter().map(|value| format!("--{name}={value}"));
    let parsed = command.try_get_matches_from(given);
    parsed.map(drop).map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        first.trim_start_matches("error: ").to_owned()
    })
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::*;
    use crate::config::ServeOptions;

    fn parse(text: &str) -> Result<ServeOptions, String> {
        let command = ServeOptions::augment_args(Command::new("serve"));
        let file = OptionsFile::parse(text, &command).map_err(|error| error.to_string())?;
        let matches = file
            .apply(command)
            .try_get_matches_from(["serve", "--max-streams", "7"])
            .map_err(|error| error.to_string())?;
        ServeOptions::from_arg_matches(&matches).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_sets_what_the_command_line_does_not() {
        let text = "listen = '127.0.0.1:7'\nmax-streams = 5\nmax-connections = 6\n\
                    trusted-proxy = ['10.0.0.0/8', '192.0.2.1']\nlog-format = 'json'\n\
                    encryption-keys = ['a', 'b']\n";
        let options = parse(text).unwrap();
        assert_eq!(options.listen.to_string(), "127.0.0.1:7");
        assert_eq!(options.connections.max_streams, 7);
        assert_eq!(options.connections.max_connections, 6);
        assert_eq!(options.network.trusted_proxies.len(), 2);
        assert_eq!(options.encryption_keys.unwrap().reveal(), "a,b");
    }

    #[test]
    fn every_option_but_that_of_the_file_can_be_in_it() {
        let command = ServeOptions::augment_args(Command::new("serve"));
        for arg in command.get_arguments() {
            let name = arg.get_long().unwrap();
            let has = find(&command, name).is_some();
            assert_eq!(has, name != "config", "{name}");
        }
    }

    #[test]
    fn an_error_names_the_line_and_no_secret() {
        for (text, expected) in [
            (
                "\nmax_streams = 1",
                "line 2: unknown option `max_streams`; it is written `max-streams`",
            ),
            (
                "lisen = 'a'",
                "line 1: unknown option `lisen`; `flagstaff serve --help` lists the options",
            ),
            ("config = 'a'", "line 1: unknown option `config`"),
            (
                "[database]\nurl = 'a'",
                "line 1: `database`: expected a string, a number",
            ),
            (
                "\n\nmax-streams = 'many'",
                "line 3: invalid value 'many' for '--max-streams <COUNT>'",
            ),
            (
                "admin-token = 'sec ret'",
                "line 1: invalid value for '--admin-token <TOKEN>': expected 1 to 200",
            ),
            ("a = 1\nadmin-token = 'secret", "line 2: "),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
            assert!(!error.contains("ret"), "{error}");
        }
    }
}
