//! The state for evaluation over HTTP

use std::sync::Arc;

use flagstaff_core::{Context, Timestamp};

use crate::access::state::AccessState;
use crate::engine::environment::Environment;
use crate::store::{AttributeSettings, CredentialKind};
use crate::usage::{Usage, UsageBuffer};

/// The state for evaluation over HTTP
#[derive(Debug)]
pub(crate) struct EvaluationState {
    pub(crate) access: Arc<AccessState>,
    pub(crate) usage: Arc<Usage>,
}

impl EvaluationState {
    /// Records the attributes of contexts that a program sends, if the environment is set to
    ///
    /// The attributes of contexts that people type to try them out are not recorded.
    pub(crate) fn attribute_recorder(
        &self,
        environment: &Environment,
        caller: Option<CredentialKind>,
    ) -> AttributeRecorder {
        let id = environment.row().id;
        let is_person = caller.is_some_and(|kind| CredentialKind::ROLES.contains(&kind));
        let access_index = self.access.access_index();
        let settings = access_index
            .attributes(id)
            .filter(|settings| settings.is_recorded && !is_person);
        AttributeRecorder(
            settings.map(|settings| (self.usage.of(id), Arc::clone(settings), self.now())),
        )
    }

    /// The time now
    pub(crate) fn now(&self) -> Timestamp {
        self.access.engine.now()
    }
}

/// Records the attributes of the contexts of a request; in most environments it records nothing
#[derive(Debug)]
pub(crate) struct AttributeRecorder(Option<(Arc<UsageBuffer>, Arc<AttributeSettings>, Timestamp)>);

impl AttributeRecorder {
    /// Records the attributes of a context
    pub(crate) fn record(&self, context: &Context) {
        if let Some((usage, settings, now)) = &self.0 {
            usage.record_attributes(context, settings, *now);
        }
    }
}
