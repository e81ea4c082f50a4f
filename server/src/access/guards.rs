//! Extractors that check access: the environment or project in the path, and a caller with a role in it

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, Path};
use axum::http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::auth::Principal;
use crate::access::state::AccessState;
use crate::engine::environment::{Author, Environment};
use crate::engine::state::EngineState;
use crate::http::api_error::{ApiError, foreign};
use crate::http::body::{BODY_BYTES, DOCUMENT_BYTES};
use crate::store::CredentialKind;

/// The maximum length of a reason in characters
const REASON_LENGTH: usize = 500;
const READ_ROLES: &[CredentialKind] = CredentialKind::ROLES;
const WRITE_ROLES: &[CredentialKind] = &[CredentialKind::Editor, CredentialKind::Admin];
const ADMINS: &[CredentialKind] = &[CredentialKind::Admin];

/// The environment in the path, and a caller with a role in its project
#[derive(Debug)]
pub(crate) struct EnvironmentAccess {
    pub(crate) principal: Principal,
    pub(crate) environment: Arc<Environment>,
    /// The key of the flag or the id of the key, on routes that have one in the path
    pub(crate) key: String,
}

impl EnvironmentAccess {
    /// The project's name
    pub(crate) fn project(&self) -> &str {
        &self.environment.row().project
    }

    /// The environment's name
    pub(crate) fn name(&self) -> &str {
        &self.environment.row().name
    }
}

impl<S> FromRequestParts<S> for EnvironmentAccess
where
    S: Send + Sync,
    Arc<AccessState>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let project = ProjectAccess::from_request_parts(parts, state).await?;
        let mut names = path(parts).await?;
        let name = names.remove("environment").unwrap_or_default();
        let environment = Arc::from_ref(state)
            .engine
            .project(&project.name)
            .into_iter()
            .find(|environment| *environment.row().name == *name);
        let environment = environment.ok_or(ApiError::NotFound {
            what: "environment",
            name,
        })?;
        Ok(Self {
            principal: project.principal,
            environment,
            key: names.remove("key").unwrap_or_default(),
        })
    }
}

/// The project in the path, and a caller with a role in it: viewers may read, editors may write; routes that require more check it
/// themselves
#[derive(Debug)]
pub(crate) struct ProjectAccess {
    pub(crate) principal: Principal,
    pub(crate) id: i64,
    pub(crate) name: String,
    /// The id of the token, on routes that have one in the path
    pub(crate) key: String,
}

impl<S> FromRequestParts<S> for ProjectAccess
where
    S: Send + Sync,
    Arc<AccessState>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let kinds = if parts.method.is_safe() {
            READ_ROLES
        } else {
            WRITE_ROLES
        };
        let principal = Principal::from_request_parts(parts, state).await?;
        let principal = principal.require(kinds)?;
        let mut names = path(parts).await?;
        let name = names.remove("project").unwrap_or_default();
        let key = names.remove("key").unwrap_or_default();
        let id = Arc::from_ref(state)
            .engine
            .project(&name)
            .first()
            .map(|environment| environment.row().project_id);
        // Callers without a role in a project must not learn that it exists.
        match id.and_then(|id| Some((id, principal.in_project(id)?))) {
            Some((id, principal)) => Ok(Self {
                principal: principal.require(kinds)?,
                id,
                name,
                key,
            }),
            None => Err(ApiError::NotFound {
                what: "project",
                name,
            }),
        }
    }
}

/// The same for a project that may have been deleted, whose audit is for those who are admins in every project
#[derive(Debug)]
pub(crate) struct AuditAccess(ProjectAccess);

impl Deref for AuditAccess {
    type Target = ProjectAccess;

    fn deref(&self) -> &ProjectAccess {
        &self.0
    }
}

impl<S> FromRequestParts<S> for AuditAccess
where
    S: Send + Sync,
    Arc<AccessState>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let principal = Principal::from_request_parts(parts, state).await?;
        // So that the request is counted once.
        parts.extensions.insert(principal.clone());
        let missing = match ProjectAccess::from_request_parts(parts, state).await {
            Err(ApiError::NotFound { name, what }) => ApiError::NotFound { name, what },
            other => return other.map(Self),
        };
        let is_admin = principal.kind() == CredentialKind::Admin && principal.is_for_all_projects();
        let name = path(parts).await?.remove("project").unwrap_or_default();
        if !is_admin || !name.contains('~') {
            return Err(missing);
        }
        let store = Arc::clone(Arc::from_ref(state).engine.store());
        let id = store.project_id(&name).await?.ok_or(missing)?;
        Ok(Self(ProjectAccess {
            principal,
            id,
            name,
            key: String::new(),
        }))
    }
}

/// Something that was extracted together with its caller
pub(crate) trait Admitted {
    fn principal(&self) -> &Principal;
}

impl Admitted for Principal {
    fn principal(&self) -> &Principal {
        self
    }
}

impl Admitted for ProjectAccess {
    fn principal(&self) -> &Principal {
        &self.principal
    }
}

impl Admitted for EnvironmentAccess {
    fn principal(&self) -> &Principal {
        &self.principal
    }
}

/// The same for admins only
///
/// INVARIANT: the extractor is the only constructor, so a handler that takes an `Admin` cannot be called by anybody else.
#[derive(Debug)]
pub(crate) struct Admin<A>(A);

impl<A> Deref for Admin<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.0
    }
}

impl<A, S> FromRequestParts<S> for Admin<A>
where
    A: Admitted + FromRequestParts<S, Rejection = ApiError>,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let admitted = A::from_request_parts(parts, state).await?;
        admitted.principal().check(ADMINS)?;
        Ok(Self(admitted))
    }
}

/// A caller who is admin in every project, for what concerns all of them
///
/// INVARIANT: as of [`Admin`].
#[derive(Debug)]
pub(crate) struct AdminEverywhere(Admin<Principal>);

impl Deref for AdminEverywhere {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl<S> FromRequestParts<S> for AdminEverywhere
where
    S: Send + Sync,
    Arc<AccessState>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let admin = Admin::<Principal>::from_request_parts(parts, state).await?;
        if !admin.is_for_all_projects() {
            return Err(ApiError::Forbidden(
                "this is only for who is admin in every project",
            ));
        }
        Ok(Self(admin))
    }
}

/// Who may write on a route, and the maximum size of its bodies
#[derive(Debug, Clone, Copy)]
pub(crate) struct WriteAccess {
    kinds: &'static [CredentialKind],
    pub(crate) body_bytes: usize,
}

impl WriteAccess {
    /// Editors and admins, one object at a time
    pub(crate) const EDITORS: Self = Self {
        kinds: WRITE_ROLES,
        body_bytes: BODY_BYTES,
    };
    /// Editors and admins, whole documents
    pub(crate) const DOCUMENTS: Self = Self {
        kinds: WRITE_ROLES,
        body_bytes: DOCUMENT_BYTES,
    };
    /// Everybody with a role, what concerns only themselves
    pub(crate) const READERS: Self = Self {
        kinds: READ_ROLES,
        body_bytes: BODY_BYTES,
    };
    /// Admins
    pub(crate) const ADMINS: Self = Self {
        kinds: ADMINS,
        body_bytes: BODY_BYTES,
    };

    /// The caller, if they may write; counts the request, which the route then does not count again
    pub(crate) async fn admit(
        self,
        parts: &mut Parts,
        state: &Arc<AccessState>,
    ) -> Result<Principal, ApiError> {
        let principal = Principal::from_request_parts(parts, state).await?;
        parts.extensions.insert(principal.clone());
        if path(parts).await?.contains_key("project") {
            let project = ProjectAccess::from_request_parts(parts, state).await?;
            project.principal.require(self.kinds)?;
            Ok(principal)
        } else {
            principal.require(self.kinds)
        }
    }
}

async fn path(parts: &mut Parts) -> Result<BTreeMap<String, String>, ApiError> {
    let path = Path::from_request_parts(parts, &()).await;
    path.map(|Path(names)| names)
        .map_err(|error| ApiError::Unreadable(foreign(&error.body_text()).into_owned()))
}

/// The environment of a key
pub(crate) fn key_environment(
    principal: &Principal,
    engine: &EngineState,
) -> Result<Arc<Environment>, ApiError> {
    principal
        .environment()
        .and_then(|id| engine.environment(id))
        .ok_or(ApiError::Forbidden("the key is for no environment"))
}

/// What every write may state about itself
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WriteQuery {
    /// The reason, for the audit: at most 500 characters
    #[param(max_length = 500)]
    reason: Option<String>,
}

impl WriteQuery {
    /// For a query that has its own fields beside the reason
    pub(crate) fn because(reason: Option<String>) -> Self {
        Self { reason }
    }

    /// The same, with this reason unless there is one already
    pub(crate) fn or_because(self, reason: Option<String>) -> Self {
        Self {
            reason: reason.or(self.reason),
        }
    }

    /// The author of the write
    pub(crate) fn author(
        self,
        principal: &Principal,
        state: &AccessState,
    ) -> Result<Author, ApiError> {
        author(self.reason, principal, state)
    }
}

/// What [`is_reason`] accepts
pub(crate) const REASON: &str = "at most 500 characters, none of them NUL";

/// Whether a text may be stored as a reason
pub(crate) fn is_reason(text: &str) -> bool {
    text.chars().count() <= REASON_LENGTH && !text.contains('\0')
}

/// The author of a write
pub(crate) fn author(
    reason: Option<String>,
    principal: &Principal,
    state: &AccessState,
) -> Result<Author, ApiError> {
    if !reason.as_deref().is_none_or(is_reason) {
        return Err(ApiError::invalid("?reason", format!("expected {REASON}")));
    }
    Ok(Author {
        actor: principal.actor(),
        at: state.engine.now(),
        reason: reason.filter(|reason| !reason.is_empty()),
        origin: principal.origin().clone(),
    })
}
