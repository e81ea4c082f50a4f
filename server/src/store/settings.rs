//! Settings of an environment

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{AuditEntry, Author};
use crate::object::escaped;

/// The settings of an environment
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvironmentSettings {
    /// Whether evaluated values can be read without a key
    pub is_public: bool,
    /// Whether it is protected: every change must state a reason
    pub requires_reason: bool,
    /// Which attributes of contexts are recorded
    pub attributes: AttributeSettings,
}

/// Which attributes of evaluated contexts an environment records
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeSettings {
    /// Whether any are recorded
    pub is_recorded: bool,
    /// The names, or JSON pointers, of attributes whose values are not recorded; in order, and none twice
    pub private: Vec<String>,
}

impl AttributeSettings {
    /// Whether an attribute is private, or is inside one that is
    pub fn is_private(&self, attribute: &str) -> bool {
        let pointer = pointer(attribute);
        self.private.iter().any(|private| {
            let rest = pointer.strip_prefix(&*self::pointer(private));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

/// A name or a JSON pointer as a JSON pointer
fn pointer(attribute: &str) -> Cow<'_, str> {
    if attribute.starts_with('/') {
        Cow::Borrowed(attribute)
    } else {
        Cow::Owned(format!("/{}", escaped(attribute)))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_a_private_attribute_is_private() {
        let private = |names: [&str; 2]| AttributeSettings {
            is_recorded: true,
            private: names.map(str::to_owned).into(),
        };
        let settings = private(["email", "/organization/owner"]);
        for attribute in [
            "email",
            "/email/host",
            "/organization/owner",
            "/organization/owner/name",
        ] {
            assert!(settings.is_private(attribute), "{attribute}");
        }
        for attribute in [
            "emails",
            "/organization/ownership",
            "/organization/plan",
            "organization",
        ] {
            assert!(!settings.is_private(attribute), "{attribute}");
        }
        // A name is no path: it has its own `/` escaped.
        let settings = private(["a/b", "~"]);
        assert!(settings.is_private("/a~1b/c") && settings.is_private("~"));
        assert!(!settings.is_private("/a/b"));
    }
}
