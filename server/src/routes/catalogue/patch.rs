//! Reading what somebody wants to be said of a flag

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::fields::Fields;
use crate::flag;
use crate::store::{FlagKind, FlagNote, Lifecycle};

const DESCRIPTION_LENGTH: usize = 2_000;
const WORD_LENGTH: usize = 100;
const MOST_TAGS: usize = 20;

/// What is said of a flag after a JSON merge patch (RFC 7396): what is null is unsaid
pub(super) fn patched(note: &FlagNote, body: Value) -> Result<FlagNote, ApiError> {
    if !body.is_object() {
        return Err(ApiError::invalid("", "expected an object"));
    }
    let mut said = json!({
        "description": note.description, "tags": note.tags, "owner": note.owner, "kind": note.kind.name(),
    });
    flag::merge(&mut said, body);
    let unsaid = FlagNote::unsaid(Arc::clone(&note.key));
    let mut fields = Fields::of(said)?;
    let expected = format!("at most {DESCRIPTION_LENGTH} characters without NUL");
    let description = fields.optional("description", &expected, |given| {
        let text = given.as_str()?;
        let is_usable = text.chars().count() <= DESCRIPTION_LENGTH && !text.contains('\0');
        is_usable.then(|| text.to_owned())
    });
    let expected =
        format!("an array of at most {MOST_TAGS} different words of 1 to {WORD_LENGTH} characters");
    let tags = fields.optional("tags", &expected, |given| {
        let tags: Option<Vec<String>> = given.as_array()?.iter().map(word).collect();
        tags.filter(|tags| are_tags(tags))
    });
    let expected = format!("at most {WORD_LENGTH} characters");
    let owner = fields.optional("owner", &expected, word);
    let expected = "`release`, `experiment`, `killSwitch` or `permission`";
    let kind = fields.optional("kind", expected, |given| FlagKind::named(given.as_str()?));
    let lifecycle = fields.optional("lifecycle", "`active` or `stale`", |given| {
        Lifecycle::named(given.as_str()?).filter(|given| *given != Lifecycle::Archived)
    });
    fields.finish(Some(()))?;
    Ok(FlagNote {
        description: description.unwrap_or(unsaid.description),
        tags: tags.unwrap_or(unsaid.tags),
        owner: owner.unwrap_or(unsaid.owner),
        kind: kind.unwrap_or(unsaid.kind),
        lifecycle: lifecycle.unwrap_or(note.lifecycle),
        ..note.clone()
    })
}

fn word(given: &Value) -> Option<String> {
    let word = given.as_str()?;
    let is_usable = word.chars().count() <= WORD_LENGTH && !word.chars().any(char::is_control);
    is_usable.then(|| word.to_owned())
}

fn are_tags(tags: &[String]) -> bool {
    let different: BTreeSet<&String> = tags.iter().collect();
    tags.len() <= MOST_TAGS && different.len() == tags.len() && !tags.iter().any(String::is_empty)
}
