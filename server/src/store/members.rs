//! People with a role in a project

use flagstaff_core::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::auth::{KeyKind, hex};

/// What somebody is known by
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KnownBy {
    /// The issuer's own name for them: `sub`
    Subject,
    /// An address that the issuer has made sure is theirs
    Email,
}

impl KnownBy {
    /// Both
    pub const ALL: [Self; 2] = [Self::Subject, Self::Email];

    /// The word for it
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Email => "email",
        }
    }
}

/// Somebody with a role in a project
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// The project
    pub project_id: i64,
    /// What sort of name it is
    pub known_by: KnownBy,
    /// Their name; an address is in lower case
    pub name: String,
    /// One of [`KeyKind::ROLES`]
    pub role: KeyKind,
    /// When they were added
    pub created_at: Timestamp,
}

impl MemberRow {
    /// Under which id the API has them
    pub fn id(&self) -> String {
        let text = format!("{}:{}", self.known_by.as_str(), self.name);
        let mut id = hex(&Sha256::digest(text.as_bytes()));
        id.truncate(16);
        id
    }
}

/// A change of who is a member
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberChange {
    /// Somebody who was none; [`StoreError::NameTaken`](super::StoreError::NameTaken) otherwise
    Add(MemberRow),
    /// Gives another role; [`StoreError::NoKey`](super::StoreError::NoKey) if they are none
    Set(MemberRow),
    /// Takes them out; [`StoreError::NoKey`](super::StoreError::NoKey) if they are none
    Remove(MemberRow),
}
