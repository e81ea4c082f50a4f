//! Properties: the name of a trait, or a path of JSON (RFC 9535) through the identity and the environment

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::Chars;

use super::Refusal;
use super::identity::{Environment, Identity};
use super::traits::Trait;
use crate::value::Value;

/// Where a condition finds its value
#[derive(Debug)]
pub(super) struct Property {
    /// The trait of this name comes first
    name: Box<str>,
    // `None` if the property is no path.
    path: Option<Path>,
}

#[derive(Debug, PartialEq, Eq)]
enum Path {
    EnvironmentKey,
    EnvironmentName,
    Identifier,
    IdentityKey,
    /// A trait, by its name
    Trait(Box<str>),
    Nothing,
}

impl Property {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        Ok(Self {
            name: text.into(),
            path: match text.strip_prefix("$.") {
                // The dot belongs to the first name.
                Some(_) => path(text)?,
                None => None,
            },
        })
    }

    pub(super) fn read<'c>(
        &'c self,
        identity: Option<Identity<'c>>,
        environment: &'c Environment,
    ) -> Option<Trait<'c>> {
        let named = identity
            .and_then(|identity| identity.value(&self.name))
            .and_then(Trait::read);
        if named.is_some() {
            return named;
        }
        match self.path.as_ref()? {
            Path::EnvironmentKey => Some(Trait::from_text(&environment.key)),
            Path::EnvironmentName => Some(Trait::from_text(&environment.name)),
            Path::Identifier => identity?.identifier().map(Trait::from_text),
            Path::IdentityKey => identity?.key(environment).map(|key| match key {
                Cow::Borrowed(key) => Trait::from_text(key),
                // An identifier within an environment has an underscore, so that it is no number.
                Cow::Owned(key) => Trait::Text(Cow::Owned(key)),
            }),
            Path::Trait(name) => match identity?.value(name)? {
                Value::Array(_) | Value::Object(_) => None,
                value => Trait::read(value),
            },
            Path::Nothing => None,
        }
    }
}

/// Reads a path; `None` if it is not one, so that the text is the name of a trait
fn path(text: &str) -> Result<Option<Path>, Refusal> {
    let mut rest = text.chars().peekable();
    rest.next();
    let mut names = Vec::new();
    while let Some(next) = rest.next() {
        let name = match next {
            '.' => shorthand(&mut rest)?,
            '[' => bracket(&mut rest)?,
            _ => None,
        };
        let Some(name) = name else { return Ok(None) };
        names.push(name);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Ok(Some(match names[..] {
        ["environment", "key"] => Path::EnvironmentKey,
        ["environment", "name"] => Path::EnvironmentName,
        ["identity", "identifier"] => Path::Identifier,
        ["identity", "key"] => Path::IdentityKey,
        ["identity", "traits", name] => Path::Trait(name.into()),
        ["features" | "segments", ..] => {
            return Err(Refusal::new(
                "expected a path below `$.identity` or `$.environment`",
            ));
        }
        _ => Path::Nothing,
    }))
}

fn unsupported<T>() -> Result<T, Refusal> {
    Err(Refusal::new(
        "expected a path of names alone: wildcards, filters, indices, slices and descendants are not supported",
    ))
}

/// `.name`
fn shorthand(rest: &mut Peekable<Chars<'_>>) -> Result<Option<String>, Refusal> {
    if rest.peek().is_some_and(|next| matches!(next, '*' | '.')) {
        return unsupported();
    }
    let is_first = |character: &char| {
        character.is_ascii_alphabetic() || *character == '_' || !character.is_ascii()
    };
    let mut name = String::new();
    while let Some(next) =
        rest.next_if(|next| is_first(next) || (!name.is_empty() && next.is_ascii_digit()))
    {
        name.push(next);
    }
    Ok((!name.is_empty()).then_some(name))
}

/// `['name']` or `["name"]`, after the bracket
fn bracket(rest: &mut Peekable<Chars<'_>>) -> Result<Option<String>, Refusal> {
    skip_space(rest);
    let Some(quote) = rest.next_if(|next| matches!(next, '\'' | '"')) else {
        let is_selector = |next: &char| matches!(next, '*' | '?' | ':' | '-' | '0'..='9');
        return if rest.peek().is_some_and(is_selector) {
            unsupported()
        } else {
            Ok(None)
        };
    };
    let mut name = String::new();
    loop {
        match rest.next() {
            None => return Ok(None),
            Some(end) if end == quote => break,
            Some('\\') => match rest.next() {
                Some(escaped @ ('\\' | '/')) => name.push(escaped),
                Some(escaped) if escaped == quote => name.push(escaped),
                Some('n') => name.push('\n'),
                Some('t') => name.push('\t'),
                Some('r') => name.push('\r'),
                Some('b') => name.push('\u{8}'),
                Some('f') => name.push('\u{c}'),
                Some('u') => return unsupported(),
                _ => return Ok(None),
            },
            Some(control) if control < ' ' => return Ok(None),
            Some(other) => name.push(other),
        }
    }
    skip_space(rest);
    match rest.next() {
        Some(']') => Ok(Some(name)),
        Some(',') => unsupported(),
        _ => Ok(None),
    }
}

fn skip_space(rest: &mut Peekable<Chars<'_>>) {
    while rest
        .next_if(|next| matches!(next, ' ' | '\t' | '\n' | '\r'))
        .is_some()
    {}
}
