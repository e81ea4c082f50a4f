//! What is said of flags in their whole project

use std::sync::Arc;

use async_trait::async_trait;
use flagstaff_core::Timestamp;

use super::{AuditEntry, Author, StoreError};

/// What keeps it
#[async_trait]
pub trait CatalogueStore: Send + Sync + std::fmt::Debug {
    /// What is said of the flags of a project, by key; a flag of which nothing was ever said is not among them
    async fn flag_notes(&self, project: i64) -> Result<Vec<FlagNote>, StoreError>;

    /// Says something of a flag; [`StoreError::NoteMoved`] if somebody else did since
    async fn change_flag_note(&self, change: NoteChange) -> Result<(), StoreError>;
}

/// What is said of a flag
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagNote {
    /// The flag
    pub key: Arc<str>,
    /// How often it was changed; 0 if never
    pub version: u64,
    /// What it is for
    pub description: String,
    /// Words to find it by
    pub tags: Vec<String>,
    /// Whose it is
    pub owner: String,
    /// What kind of flag it is
    pub kind: FlagKind,
    /// Where it is in its life
    pub lifecycle: Lifecycle,
    /// The environments that had it when it was archived and do not have it again yet
    pub archived_in: Vec<String>,
    /// When it was last changed
    pub changed_at: Timestamp,
}

impl FlagNote {
    /// What is said of a flag of which nothing was ever said
    pub fn unsaid(key: Arc<str>) -> Self {
        Self {
            key,
            version: 0,
            description: String::new(),
            tags: Vec::new(),
            owner: String::new(),
            kind: FlagKind::Release,
            lifecycle: Lifecycle::Active,
            archived_in: Vec::new(),
            changed_at: Timestamp::from_millis(0),
        }
    }
}

/// A change of what is said of a flag
#[derive(Debug, Clone)]
pub struct NoteChange {
    /// The project
    pub project_id: i64,
    /// What is said now; its version is that of what it replaces
    pub note: FlagNote,
    /// Who says it
    pub author: Author,
    /// What the audit says of it
    pub audit: AuditEntry,
}

/// What kind of flag it is: what it is for, and so how long it is expected to live
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagKind {
    /// Brings something out, step by step
    Release,
    /// Tells two ways apart
    Experiment,
    /// Switches something off in an emergency
    KillSwitch,
    /// Gives something to those who have a right to it
    Permission,
}

/// Where a flag is in its life, as people say
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// In use
    Active,
    /// To be removed from the code
    Stale,
    /// In no environment any more, and to be had back
    Archived,
}

/// The words of a type for the store and the wire
macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            /// Every one
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word for it
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The one of this word
            pub fn named(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.name() == word)
            }
        }
    };
}

words!(FlagKind {
    Release = "release",
    Experiment = "experiment",
    KillSwitch = "killSwitch",
    Permission = "permission",
});

words!(Lifecycle {
    Active = "active",
    Stale = "stale",
    Archived = "archived",
});
