//! The caller of a request, and what it may do
//!
//! 401 means that there is no token or that it is unknown; 403 that it may not do this.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::http::request::Parts;
use flagstaff_core::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{CredentialKind, Key};
use crate::access::context_signature;
use crate::access::identity::{ClaimedRoles, JwtIdentity};
use crate::access::sessions::{self, Session};
use crate::access::state::AccessState;
use crate::http::api_error::ApiError;
use crate::http::cookies::Cookie;
use crate::http::observe::{note_rate_limit_keys, record_actor};
use crate::http::rate::RateLimitKeys;
use crate::store::{Claim, KnownBy, Origin, Owner, SessionHolder};

/// The caller: a key, or a person
#[derive(Debug, Clone)]
pub struct Principal {
    holder: PrincipalKind,
    // A person's role in the project of the request, once that is known; until then their highest role anywhere.
    kind: CredentialKind,
    origin: Origin,
    rate_limit_keys: RateLimitKeys,
    session: Option<Arc<Session>>,
}

#[derive(Debug, Clone)]
enum PrincipalKind {
    Key(Arc<Key>),
    Person(Arc<Person>),
}

/// A person who authenticates with a JWT, or is signed in
#[derive(Debug)]
struct Person {
    owner: Owner,
    actor: Arc<str>,
    subject: Arc<str>,
    everywhere: Option<CredentialKind>,
    // Roles by project, where they differ from the role in all projects.
    projects: BTreeMap<i64, CredentialKind>,
    ended: CancellationToken,
}

impl Person {
    /// The roles in the claim, except in projects where the person is a member with another role
    fn new(identity: JwtIdentity, state: &AccessState) -> Self {
        let id = |name: &String| Some(state.engine.project(name).first()?.row().project_id);
        let claimed = identity.granted.projects.iter();
        let mut projects: BTreeMap<_, _> = claimed
            .filter_map(|(name, role)| Some((id(name)?, *role)))
            .collect();
        let access_index = state.access_index();
        // The issuer's id takes precedence over the e-mail address, which may have been another person's.
        for (known_by, name) in [
            (KnownBy::Email, identity.email.as_deref()),
            (KnownBy::Subject, Some(&*identity.subject)),
        ] {
            let members = access_index.members().iter();
            let own =
                members.filter(|member| member.known_by == known_by && Some(&*member.name) == name);
            projects.extend(own.map(|member| (member.project_id, member.role)));
        }
        let owner = Owner {
            subject: identity.subject,
            email: identity.email,
        };
        Self {
            subject: format!("person:{}", owner.subject).into(),
            actor: owner.actor().into(),
            owner,
            everywhere: identity.granted.everywhere,
            projects,
            ended: CancellationToken::new(),
        }
    }

    fn role_in(&self, project: i64) -> Option<CredentialKind> {
        self.projects.get(&project).copied().or(self.everywhere)
    }

    /// Whether the person has at least this role in every project
    fn has_everywhere(&self, role: CredentialKind) -> bool {
        self.everywhere >= Some(role) && self.projects.values().all(|own| *own >= role)
    }

    fn greatest_role(&self) -> Option<CredentialKind> {
        self.projects.values().copied().chain(self.everywhere).max()
    }
}

impl Principal {
    /// The rights of a key
    pub(crate) fn of(key: Arc<Key>) -> Self {
        Self {
            kind: key.row().kind,
            holder: PrincipalKind::Key(key),
            origin: Origin::default(),
            rate_limit_keys: RateLimitKeys::default(),
            session: None,
        }
    }

    /// An operator with access to the database itself, who has every right; the audit names them `name`
    pub(crate) fn operator(name: &str, now: Timestamp) -> Self {
        Self::of(Arc::new(Key::of_operator(name, now)))
    }

    fn of_person(identity: JwtIdentity, state: &AccessState) -> Result<Self, ApiError> {
        Self::of_known(Person::new(identity, state))
    }

    fn of_known(person: Person) -> Result<Self, ApiError> {
        let kind = person
            .greatest_role()
            .ok_or(ApiError::Forbidden("you have no role in any project"))?;
        Ok(Self {
            kind,
            holder: PrincipalKind::Person(Arc::new(person)),
            origin: Origin::default(),
            rate_limit_keys: RateLimitKeys::default(),
            session: None,
        })
    }

    /// Whoever is signed in by this session
    pub(crate) fn of_session(session: Arc<Session>, state: &AccessState) -> Result<Self, ApiError> {
        let principal = match session.row().holder.clone() {
            SessionHolder::Operator { name } => {
                Self::of(Arc::new(Key::of_session(&name, &session)))
            }
            SessionHolder::Person {
                owner,
                everywhere,
                projects,
                sid: _,
            } => {
                let identity = JwtIdentity {
                    subject: owner.subject,
                    email: owner.email,
                    granted: ClaimedRoles {
                        everywhere,
                        projects,
                    },
                };
                let mut person = Person::new(identity, state);
                person.ended = session.ended().clone();
                Self::of_known(person)?
            }
        };
        Ok(Self {
            session: Some(session),
            ..principal
        })
    }

    /// What a session of this person stores, and the provider's session `sid`; `None` for a person without a role
    pub(crate) fn session_holder(
        identity: JwtIdentity,
        sid: Option<String>,
        state: &AccessState,
    ) -> Option<SessionHolder> {
        Person::new(identity.clone(), state).greatest_role()?;
        Some(SessionHolder::Person {
            owner: Owner {
                subject: identity.subject,
                email: identity.email,
            },
            everywhere: identity.granted.everywhere,
            projects: identity.granted.projects,
            sid,
        })
    }

    /// The session, if the caller is signed in
    pub(crate) fn session(&self) -> Option<&Session> {
        self.session.as_deref()
    }

    /// The key; fails for a person
    pub(crate) fn key(&self) -> Result<&Key, ApiError> {
        match &self.holder {
            PrincipalKind::Key(key) => Ok(key),
            PrincipalKind::Person(_) => Err(ApiError::WrongKey {
                kind: self.kind,
                allowed: CredentialKind::KEYS,
            }),
        }
    }

    /// The owner of the caller's idempotency keys
    pub(crate) fn idempotency_scope(&self) -> Arc<str> {
        match &self.holder {
            PrincipalKind::Key(key) => key.row().hash.as_str().into(),
            PrincipalKind::Person(person) => Arc::clone(&person.subject),
        }
    }

    /// The origin of the request
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The rate-limit keys to which more can be charged
    pub(crate) fn rate_limit_keys(&self) -> &RateLimitKeys {
        &self.rate_limit_keys
    }

    /// The kind of the key, or the role of the person
    pub fn kind(&self) -> CredentialKind {
        self.kind
    }

    /// The name in the audit
    pub fn actor(&self) -> Arc<str> {
        match &self.holder {
            PrincipalKind::Key(key) => {
                let owner = key.row().owner.as_ref();
                owner.map_or(key.row().name.as_str(), Owner::actor).into()
            }
            PrincipalKind::Person(person) => Arc::clone(&person.actor),
        }
    }

    /// The person, if the caller is one or has the personal token of one
    pub(crate) fn owner(&self) -> Option<&Owner> {
        match &self.holder {
            PrincipalKind::Key(key) => key.row().owner.as_ref(),
            PrincipalKind::Person(person) => Some(&person.owner),
        }
    }

    /// The name under which requests are counted
    pub(crate) fn rate_limit_subject(&self) -> Arc<str> {
        match &self.holder {
            PrincipalKind::Key(key) => Arc::clone(&key.id),
            PrincipalKind::Person(person) => Arc::clone(&person.subject),
        }
    }

    /// Counts a request, and refuses it if there are too many, or if the key may not be used for it
    pub(crate) fn admit(mut self, parts: &Parts, state: &AccessState) -> Result<Self, ApiError> {
        // First, so that refused requests count too.
        self.rate_limit_keys =
            state
                .http
                .limiter
                .admit(self.kind, self.rate_limit_subject(), parts)?;
        note_rate_limit_keys(&parts.extensions, &self.rate_limit_keys);
        record_actor(&parts.extensions, self.actor());
        if let PrincipalKind::Key(key) = &self.holder
            && key.row().rules.signed_contexts
            && !context_signature::is_checked_at(parts.uri.path())
        {
            return Err(ApiError::Signature(
                "the key takes signed contexts only, which are not checked here",
            ));
        }
        if let (PrincipalKind::Key(key), Some(origin)) = (&self.holder, parts.headers.get(ORIGIN)) {
            let origins = key.row().rules.origins.as_deref();
            let is_allowed = |origins: &[String]| origins.iter().any(|allowed| origin == allowed);
            if !origins.is_none_or(is_allowed) {
                return Err(ApiError::WrongOrigin);
            }
        }
        self.origin = parts.extensions.get().cloned().unwrap_or_default();
        if let PrincipalKind::Key(key) = &self.holder {
            key.last_use().record(state.engine.now());
        }
        if let Some(session) = &self.session {
            session.last_use().record(state.engine.now());
        }
        Ok(self)
    }

    /// Fails for other kinds
    pub fn require(self, kinds: &'static [CredentialKind]) -> Result<Self, ApiError> {
        self.check(kinds)?;
        Ok(self)
    }

    /// Fails for other kinds
    pub(crate) fn check(&self, kinds: &'static [CredentialKind]) -> Result<(), ApiError> {
        if kinds.contains(&self.kind) {
            Ok(())
        } else {
            Err(ApiError::WrongKey {
                kind: self.kind,
                allowed: kinds,
            })
        }
    }

    /// The caller with its role in a project; `None` without one
    pub(crate) fn in_project(&self, project: i64) -> Option<Self> {
        let kind = match &self.holder {
            PrincipalKind::Key(key) => {
                let own = key.row().project_id;
                own.is_none_or(|own| own == project).then_some(self.kind)
            }
            PrincipalKind::Person(person) => person.role_in(project),
        };
        kind.map(|kind| Self {
            kind,
            ..self.clone()
        })
    }

    /// Whether the caller has any role in a project
    pub fn belongs_to(&self, project: i64) -> bool {
        self.in_project(project).is_some()
    }

    /// Whether the role holds in all projects, including future ones
    pub fn is_for_all_projects(&self) -> bool {
        match &self.holder {
            PrincipalKind::Key(key) => key.row().project_id.is_none(),
            PrincipalKind::Person(person) => person.has_everywhere(self.kind),
        }
    }

    /// The environment of a key; `None` for a token or person
    pub fn environment(&self) -> Option<i64> {
        match &self.holder {
            PrincipalKind::Key(key) => key.row().environment_id,
            PrincipalKind::Person(_) => None,
        }
    }

    /// Cancelled when the key is revoked or expires, which closes what it opened
    pub fn revoked(&self) -> &CancellationToken {
        match &self.holder {
            PrincipalKind::Key(key) => &key.ended,
            PrincipalKind::Person(person) => &person.ended,
        }
    }
}

impl Principal {
    /// The caller with this token
    async fn find(token: &str, parts: &Parts, state: &AccessState) -> Result<Self, ApiError> {
        if let Some(key) = state.access_index().find(token, state.engine.now()) {
            return Ok(Self::of(key));
        }
        let issuer = state.issuer.as_ref();
        let issuer = issuer.filter(|_| is_jwt(token));
        let issuer = issuer.ok_or(ApiError::UnknownToken)?;
        // Verifying a signature takes a hundred times as long as finding that there is no such key.
        state.http.limiter.check_auth_failures(&parts.extensions)?;
        let identity = issuer.verify(token, state.engine.now()).await;
        Self::of_person(
            identity.map_err(|error| ApiError::InvalidJwt(Box::new(error)))?,
            state,
        )
    }

    /// The same for a write with an `Idempotency-Key`
    pub(crate) fn with_claim(mut self, claim: Claim) -> Self {
        self.origin.claim = Some(claim);
        self
    }
}

impl<S> FromRequestParts<S> for Principal
where
    S: Send + Sync,
    Arc<AccessState>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // The layer in front of the route has admitted and counted the request already.
        if let Some(admitted) = parts.extensions.get::<Self>() {
            return Ok(admitted.clone());
        }
        let state = Arc::from_ref(state);
        let found = match token(parts) {
            Some(token) => Self::find(token, parts, &state).await,
            None => match sessions::of_request(parts, &state).await {
                Ok(session) => Self::of_session(session, &state),
                Err(error) => Err(error),
            },
        };
        match found {
            Ok(principal) => principal.admit(parts, &state),
            // Nobody has tried to guess anything.
            Err(
                error @ (ApiError::TooManyRequests { .. }
                | ApiError::Unavailable { .. }
                | ApiError::NoToken),
            ) => Err(error),
            Err(error) => {
                state.http.limiter.record_auth_failure(&parts.extensions)?;
                Err(error)
            }
        }
    }
}

/// The error for an unknown token, which is counted
pub(crate) fn unknown(parts: &Parts, state: &AccessState) -> ApiError {
    let counted = state.http.limiter.record_auth_failure(&parts.extensions);
    counted.err().unwrap_or(ApiError::UnknownToken)
}

/// What the caller proves who it is with: what is stored for them can be encrypted with it
pub(crate) fn bearer_or_cookie<'p>(parts: &'p Parts, state: &AccessState) -> Option<&'p str> {
    token(parts).or_else(|| Cookie::SESSION.read(&parts.headers, state.cookies()))
}

fn is_jwt(token: &str) -> bool {
    token.split('.').count() == 3
}

/// The token of the request, in either header
fn token(parts: &Parts) -> Option<&str> {
    let header = |name| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    match header(AUTHORIZATION.as_str()) {
        Some(value) => {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        }
        None => header("x-api-key"),
    }
}
