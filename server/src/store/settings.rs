//! Settings of an environment

use super::{AuditEntry, Author};

/// A change of an environment's settings
#[derive(Debug)]
pub struct SettingsChange {
    /// Its project
    pub project_id: i64,
    /// The environment
    pub environment_id: i64,
    /// Whether evaluated values were public before; the change fails if that is no longer so
    pub was_public: bool,
    /// Whether evaluated values are public from now on
    pub is_public: bool,
    /// The author
    pub author: Author,
    /// The audit entries
    pub audit: Vec<AuditEntry>,
}
