//! The kinds of keys and the roles of tokens

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a key may do
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// A token that reads everything in its project except keys, tokens, members and sessions
    Viewer,
    /// A token that also changes flags
    Editor,
    /// A token that also manages keys, tokens, members and sessions
    Admin,
    /// Reads snapshots of one environment, and evaluates
    Server,
    /// Gets evaluated values only; safe in a browser
    Client,
    /// Reads snapshots of the flags marked `clientSide`; safe in a browser
    ClientLocal,
}

impl CredentialKind {
    /// Every kind
    pub const ALL: [Self; 6] = [
        Self::Viewer,
        Self::Editor,
        Self::Admin,
        Self::Server,
        Self::Client,
        Self::ClientLocal,
    ];

    /// The roles of tokens, lowest first
    pub const ROLES: &'static [Self] = &[Self::Viewer, Self::Editor, Self::Admin];

    /// The kinds of an environment's keys
    pub const KEYS: &'static [Self] = &[Self::Server, Self::Client, Self::ClientLocal];

    /// Whether keys of this kind are public: they are visible in pages
    pub(crate) const fn is_public(self) -> bool {
        matches!(self, Self::Client | Self::ClientLocal)
    }

    /// The role with this name
    pub(crate) fn role(name: &str) -> Option<Self> {
        let roles = Self::ROLES.iter();
        roles.copied().find(|role| role.name() == name)
    }

    /// Its name
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
            Self::Server => "server",
            Self::Client => "client",
            Self::ClientLocal => "client-local",
        }
    }

    /// The prefix of generated tokens of this kind
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Viewer => "fs_viewer_",
            Self::Editor => "fs_editor_",
            Self::Admin => "fs_admin_",
            Self::Server => "fs_server_",
            Self::Client => "fs_client_",
            Self::ClientLocal => "fs_local_",
        }
    }
}

/// A text that is not the name of a kind
#[derive(Debug, thiserror::Error)]
#[error("unknown kind of key")]
pub struct UnknownCredentialKind;

impl FromStr for CredentialKind {
    type Err = UnknownCredentialKind;

    fn from_str(name: &str) -> Result<Self, UnknownCredentialKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or(UnknownCredentialKind)
    }
}
