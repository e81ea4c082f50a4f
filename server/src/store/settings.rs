//! What people set of an environment beside its flags

use super::{AuditEntry, Author};

/// A change of an environment's settings
#[derive(Debug)]
pub struct SettingsChange {
    /// Its project
    pub project_id: i64,
    /// The environment
    pub environment_id: i64,
    /// Whether anybody may have evaluated values of it without a key
    pub public_values: bool,
    /// Who makes it
    pub author: Author,
    /// What the audit says of it
    pub audit: Vec<AuditEntry>,
}
