//! The effect of a request on one flag of an environment

use serde_json::Value;

use crate::engine::draft::{Draft, flag_body};
use crate::engine::published::PublishedRevision;
use crate::engine::visibility::Visibility;
use crate::flags::flag::FlagRequest;
use crate::http::api_error::ApiError;
use crate::http::etag::Precondition;
use crate::object::{ObjectId, ObjectKind, owner_value};

/// What a request does to one flag
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    pub(crate) precondition: Precondition,
    pub(crate) body: Value,
    pub(crate) kind: EditKind,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum EditKind {
    Create,
    Put,
    Patch,
    /// Like `Put`, with an earlier state of the flag; no precondition is needed, since the request names that state
    Restore,
}

impl Edit {
    /// Whether the flag's overrides stay as they are, so that 100,000 of them need not be read, checked and written to switch a flag
    pub(crate) fn keeps_overrides(&self) -> bool {
        matches!(self.kind, EditKind::Patch) && self.body.get("overrides").is_none()
    }

    /// Sets the flag that [`Self::apply`] returned
    pub(crate) fn put(&self, key: &str, flag: &Value, draft: &mut Draft) {
        if self.keeps_overrides() {
            draft.put_flag_body(key, flag);
        } else {
            draft.put_flag(key, flag);
        }
        if matches!(self.kind, EditKind::Restore) {
            // Undoing what a script did to the overrides must work although the script has used up the limit.
            draft.lift_override_limit();
        }
    }

    fn request(&self, key: &str) -> Result<FlagRequest, ApiError> {
        FlagRequest::read(self.body.clone(), key)
    }

    /// The flag after the edit; without its overrides, if they stay as they are
    pub(crate) fn apply(&self, key: &str, current: &PublishedRevision) -> Result<Value, ApiError> {
        let row = current.flags().get(key);
        self.precondition.check(row.map(|row| row.version))?;
        let objects = current.state().objects(Visibility::All);
        let before = row.and_then(|_| {
            if self.keeps_overrides() {
                flag_body(objects, key)
            } else {
                owner_value(objects, &ObjectId::new(ObjectKind::Flag, key))
            }
        });
        match (self.kind, row.zip(before)) {
            (EditKind::Create, Some(_)) => {
                let environment = current.identity().row.name.to_string();
                Err(ApiError::Exists {
                    key: key.to_owned(),
                    environment,
                })
            }
            (EditKind::Patch, None) => Err(missing(key)),
            (EditKind::Patch, Some((_, before))) => self.request(key)?.patch(&before),
            (EditKind::Create | EditKind::Put | EditKind::Restore, None) => {
                self.request(key)?.create()
            }
            (EditKind::Restore, Some((_, before))) => self.request(key)?.replace(&before),
            (EditKind::Put, Some((row, before))) => {
                let request = self.request(key)?;
                if request.is_full() && self.precondition == Precondition::Absent {
                    return Err(ApiError::NoPrecondition {
                        current: row.version,
                    });
                }
                request.replace(&before)
            }
        }
    }
}

pub(crate) fn missing(key: &str) -> ApiError {
    ApiError::NotFound {
        what: "flag",
        name: key.to_owned(),
    }
}
