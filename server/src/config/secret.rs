//! Options that are secret: they are never printed, neither with the rest of the options nor in the error that refuses one

use std::ffi::OsStr;
use std::fmt;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command};

/// A token, a shared secret, or an address that may have a password in it
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(secret)")
    }
}

/// Reads a secret, without the white space around it: a file that it comes from ends with a line feed
#[derive(Debug, Clone, Copy)]
pub(crate) struct SecretParser {
    is_usable: fn(&str) -> bool,
    expected: &'static str,
}

impl SecretParser {
    /// What is sent in a header, or what something is signed with
    pub(crate) const TOKEN: Self = Self {
        is_usable: |text| {
            (1..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        },
        expected: "expected 1 to 200 visible ASCII characters",
    };
    /// What a client sends as bearer token, which may be a JSON Web Token
    pub(crate) const BEARER: Self = Self {
        is_usable: |text| {
            (1..=16_384).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        },
        expected: "expected 1 to 16,384 visible ASCII characters",
    };
    /// Any text; what reads it says what is wrong in it
    pub(crate) const TEXT: Self = Self {
        is_usable: |_| true,
        expected: "expected a text",
    };
    /// The address of a database
    pub(crate) const ADDRESS: Self = Self {
        is_usable: |text| !text.is_empty() && !text.contains(char::is_control),
        expected: "expected an address",
    };
}

impl TypedValueParser for SecretParser {
    type Value = Secret;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Secret, clap::Error> {
        let text = value.to_str().map(str::trim);
        if let Some(text) = text.filter(|text| (self.is_usable)(text)) {
            return Ok(Secret(text.to_owned()));
        }
        // clap's own error would repeat the value.
        let name = argument.map(ToString::to_string).unwrap_or_default();
        let message = format!("invalid value for '{name}': {}\n", self.expected);
        let mut command = command.clone();
        Err(command.error(ErrorKind::ValueValidation, message))
    }
}
