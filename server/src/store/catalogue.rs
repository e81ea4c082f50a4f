//! Metadata of flags, which holds in all environments of a project

use std::sync::Arc;

use async_trait::async_trait;
use flagstaff_core::Timestamp;

use super::{AuditEntry, Author, StoreError};

/// Storage of flags' metadata
#[async_trait]
pub trait CatalogueStore: Send + Sync + std::fmt::Debug {
    /// The metadata of a project's flags, by key; flags without metadata are left out
    async fn flag_notes(&self, project: i64) -> Result<Vec<ProjectFlagRow>, StoreError>;

    /// Changes the metadata of a flag; [`StoreError::NoteMoved`] if somebody else changed it meanwhile
    async fn change_flag_note(&self, change: NoteChange) -> Result<(), StoreError>;
}

/// The metadata of a flag
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectFlagRow {
    /// The flag's key
    pub key: Arc<str>,
    /// The number of changes; 0 if there were none
    pub version: u64,
    /// What people call it
    pub name: String,
    /// What the flag is for
    pub description: String,
    /// Tags
    pub tags: Vec<String>,
    /// The owner
    pub owner: String,
    /// The kind of flag
    pub kind: FlagKind,
    /// The stage of its life
    pub lifecycle: Lifecycle,
    /// The environments that had the flag when it was archived and do not have it again yet
    pub archived_in: Vec<String>,
    /// When it was last changed
    pub changed_at: Timestamp,
}

impl ProjectFlagRow {
    /// The metadata of a flag for which none was set
    pub fn new(key: Arc<str>) -> Self {
        Self {
            key,
            version: 0,
            name: String::new(),
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

/// A change of a flag's metadata
#[derive(Debug, Clone)]
pub struct NoteChange {
    /// The project
    pub project_id: i64,
    /// The new metadata; its version is that of the metadata it replaces
    pub note: ProjectFlagRow,
    /// The author
    pub author: Author,
    /// The audit entry
    pub audit: AuditEntry,
}

/// The kind of a flag, which decides how long it is expected to live
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagKind {
    /// Releases a feature, step by step
    Release,
    /// Compares variants
    Experiment,
    /// Switches something off in an emergency
    KillSwitch,
    /// Grants something to those who are entitled to it
    Permission,
}

/// The stage of a flag's life, as set by people
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// In use
    Active,
    /// To be removed from the code
    Stale,
    /// In no environment any more; can be restored
    Archived,
}

/// Names of an enum's variants in the store and the API
macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            /// All variants
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The variant with this name
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
