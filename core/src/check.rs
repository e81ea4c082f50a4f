//! The strict side of a document: what a writer must hold to
//!
//! Reading is lenient and writing strict: a server stores only flags that pass here, so that a field with a spelling mistake is
//! an error and not a silence.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::compile;
use crate::environment::Environment;
use crate::error::Issue;

/// Checks one flag, its overrides inline or absent, as it is about to be written under `key`
///
/// The pointers of the issues begin at the document: `/flags/KEY/…`.
pub fn check_flag(key: &str, flag: &Json) -> Result<(), Vec<Issue>> {
    let key: Arc<str> = key.into();
    let mut issues = compile::unknown_fields(&key, flag);
    let mut environment = Environment::default();
    environment.put_flag(Arc::clone(&key), 0, flag);
    issues.extend_from_slice(environment.link().issues());
    if issues.is_empty() {
        Ok(())
    } else {
        Err(issues)
    }
}
