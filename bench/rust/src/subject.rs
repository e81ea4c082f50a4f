//! What every SDK is asked to do

use std::error::Error;

use serde_json::{Map, Value};

use crate::feed::Feed;

/// Who is asking, as the harness writes it: `userId` and attributes
pub type User = Map<String, Value>;

/// What a flag serves in the bulk set
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Boolean,
    Text,
}

/// One SDK, ours or a peer's, called as its documentation says
pub trait Subject: Sized + Sync {
    /// The format of its documents, as the harness calls it
    const FORMAT: &'static str;
    /// What a caller makes once for a user and keeps
    type Context: Sync;
    /// A text flag's answer, as the SDK hands it over
    type Text;
    /// All flags' answers, as the SDK hands them over
    type All<'a>
    where
        Self: 'a;

    /// From the document's text to a client that answers
    fn load(document: String) -> Result<Self, Box<dyn Error>>;
    /// A client that follows a feed of this document; for those that can
    fn following(_document: &str) -> Result<(Self, Feed), Box<dyn Error>> {
        Err("it follows no feed".into())
    }
    /// How often the document has changed, for those that follow a feed
    fn revision(&self) -> u64 {
        0
    }
    fn context(user: &User) -> Result<Self::Context, Box<dyn Error>>;
    fn boolean(&self, flag: &str, context: &Self::Context) -> bool;
    fn text(&self, flag: &str, context: &Self::Context) -> Self::Text;
    /// Every flag; `flags` is for SDKs that must be asked one by one
    fn all<'a>(&'a self, flags: &[(String, Kind)], context: &Self::Context) -> Self::All<'a>;

    /// A text flag's answer for the check: `None` where the flag serves nothing
    fn read_text(text: &Self::Text) -> Option<&str>;
    /// All answers for the check
    fn read_all(all: &Self::All<'_>) -> Map<String, Value>;
}

/// A member of a user that is text
pub fn text_of<'a>(user: &'a User, name: &str) -> Result<&'a str, Box<dyn Error>> {
    let found = user.get(name).and_then(Value::as_str);
    found.ok_or_else(|| format!("the user has no text `{name}`").into())
}
