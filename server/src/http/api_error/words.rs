//! Phrases of error messages

use flagstaff_core::excerpt;

use crate::engine::field_error::FieldError;
use crate::store::CredentialKind;

/// A key or token of a kind, in words
pub(super) fn credential(kind: CredentialKind) -> String {
    let name = kind.name();
    let article = if name.starts_with(['a', 'e']) {
        "an"
    } else {
        "a"
    };
    let what = if CredentialKind::ROLES.contains(&kind) {
        "token"
    } else {
        "key"
    };
    format!("{article} `{name}` {what}")
}

pub(super) fn credentials(kinds: &[CredentialKind]) -> String {
    let all = kinds.iter().map(|kind| credential(*kind));
    all.collect::<Vec<_>>().join(" or ")
}

/// A summary of errors: the first one, since a log often has no room for more, and the number of the others
pub(super) fn wrong(errors: &[FieldError]) -> String {
    let Some(first) = errors.first() else {
        return "the request has an error".to_owned();
    };
    let place = match &*first.pointer {
        "" => String::new(),
        pointer => format!("`{}`: ", excerpt(pointer)),
    };
    let line = first
        .line
        .map_or_else(String::new, |line| format!("line {line}, "));
    let more = match errors.len() {
        0 | 1 => String::new(),
        2 => "; and one more error".to_owned(),
        count => format!("; and {} more errors", count.saturating_sub(1)),
    };
    format!("{line}{place}{}{more}", first.message)
}

pub(super) fn stale(expected: Option<u64>, current: Option<u64>) -> String {
    let expected = expected.map_or("something else".to_owned(), |version| {
        format!("version {version}")
    });
    let current = current.map_or("does not exist".to_owned(), |version| {
        format!("is at version {version}")
    });
    format!("`If-Match` names {expected}, the flag {current}")
}
