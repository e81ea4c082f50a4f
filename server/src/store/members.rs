//! People with a role in a project

use flagstaff_core::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::store::CredentialKind;

/// How a person is identified
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KnownBy {
    /// By the issuer's id: `sub`
    Subject,
    /// By an e-mail address that the issuer has verified
    Email,
}

impl KnownBy {
    /// Both
    pub const ALL: [Self; 2] = [Self::Subject, Self::Email];

    /// Its name
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Email => "email",
        }
    }
}

/// A person with a role in a project
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// The project
    pub project_id: i64,
    /// How the person is identified
    pub known_by: KnownBy,
    /// The `sub`, or the e-mail address in lower case
    pub name: String,
    /// One of [`CredentialKind::ROLES`]
    pub role: CredentialKind,
    /// When they were added
    pub created_at: Timestamp,
}

impl MemberRow {
    /// The id in the API
    pub fn id(&self) -> String {
        let text = format!("{}:{}", self.known_by.as_str(), self.name);
        let mut id = hex::encode(Sha256::digest(text.as_bytes()));
        id.truncate(16);
        id
    }
}

/// A change of a project's members
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberChange {
    /// Adds a person; [`StoreError::NameTaken`](super::StoreError::NameTaken) if they are a member already
    Add(MemberRow),
    /// Changes the role; [`StoreError::NoKey`](super::StoreError::NoKey) if they are not a member
    Set(MemberRow),
    /// Removes a member; [`StoreError::NoKey`](super::StoreError::NoKey) if they are not a member
    Remove(MemberRow),
}
