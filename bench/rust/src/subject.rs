//! The interface of every SDK to the benchmark

use std::error::Error;

use serde_json::{Map, Value};

use crate::feed::Feed;

/// The user, as the harness writes it: `userId` and attributes
pub type User = Map<String, Value>;

/// The value of a flag in the bulk set
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Boolean,
    Text,
}

/// One SDK, ours or a peer's, called as its documentation says
pub trait Subject: Sized + Sync {
    /// The harness's name of its document format
    const FORMAT: &'static str;
    /// The context that a caller creates once for a user
    type Context: Sync;
    /// The value of a string flag, as the SDK returns it
    type Text;
    /// The values of all flags, as the SDK returns them
    type All<'a>
    where
        Self: 'a;

    /// Creates a client that can evaluate from the text of a document
    fn load(document: String) -> Result<Self, Box<dyn Error>>;
    /// A client of a feed with this document, if the SDK supports it
    fn following(_document: &str) -> Result<(Self, Feed), Box<dyn Error>> {
        Err("it follows no feed".into())
    }
    /// The number of changes of the document, for a client of a feed
    fn revision(&self) -> u64 {
        0
    }
    fn context(user: &User) -> Result<Self::Context, Box<dyn Error>>;
    fn boolean(&self, flag: &str, context: &Self::Context) -> bool;
    fn text(&self, flag: &str, context: &Self::Context) -> Self::Text;
    /// Evaluates every flag; `flags` is for SDKs without a call for all flags
    fn all<'a>(&'a self, flags: &[(String, Kind)], context: &Self::Context) -> Self::All<'a>;

    /// The value of a string flag for the check: `None` if the flag serves nothing
    fn read_text(text: &Self::Text) -> Option<&str>;
    /// All values for the check
    fn read_all(all: &Self::All<'_>) -> Map<String, Value>;
}

/// A string attribute of a user
pub fn text_of<'a>(user: &'a User, name: &str) -> Result<&'a str, Box<dyn Error>> {
    let found = user.get(name).and_then(Value::as_str);
    found.ok_or_else(|| format!("the user has no text `{name}`").into())
}
