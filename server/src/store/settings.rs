//! Settings of an environment

use super::{AuditEntry, Author};

/// The settings of an environment
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EnvironmentSettings {
    /// Whether evaluated values can be read without a key
    pub is_public: bool,
    /// Whether it is protected: every change must state a reason
    pub requires_reason: bool,
}

/// A change of an environment's settings
#[derive(Debug)]
pub struct SettingsChange {
    /// Its project
    pub project_id: i64,
    /// The environment
    pub environment_id: i64,
    /// The settings before; the change fails if they are others by now
    pub before: EnvironmentSettings,
    /// The settings from now on
    pub after: EnvironmentSettings,
    /// The author
    pub author: Author,
    /// The audit entries
    pub audit: Vec<AuditEntry>,
}
