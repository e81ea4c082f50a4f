//! What people set of an environment beside its flags

use super::{AuditEntry, Author};

/// A change of an environment's settings
#[derive(Debug)]
pub struct SettingsChange {
    /// Its project
    pub project_id: i64,
    /// The environment
    pub environment_id: i64,
    /// Whether anybody might have evaluated values of it without a key; if that is not so any more, nothing is changed
    pub was_public: bool,
    /// Whether anybody may
    pub is_public: bool,
    /// Who makes it
    pub author: Author,
    /// What the audit says of it
    pub audit: Vec<AuditEntry>,
}
