//! What a request comes with, and what that lets it do
//!
//! 401 means that there is nothing or that nobody knows it, 403 that it is of the wrong kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::http::request::Parts;
use tokio_util::sync::CancellationToken;

use super::{Key, KeyKind};
use crate::api_error::ApiError;
use crate::identity::Identity;
use crate::observe::{note_bill, note_secret};
use crate::rate::Bill;
use crate::signing;
use crate::state::AppState;
use crate::store::{Claim, KnownBy, Origin};

/// The key, or the person, that a request comes with
#[derive(Debug, Clone)]
pub struct Grant {
    holder: Holder,
    // A person's in the project that it is about, once that is known; before, their greatest anywhere.
    kind: KeyKind,
    origin: Origin,
    bill: Bill,
}

#[derive(Debug, Clone)]
enum Holder {
    Key(Arc<Key>),
    Person(Arc<Person>),
}

/// Somebody whom the issuer of tokens knows
#[derive(Debug)]
struct Person {
    actor: Arc<str>,
    payer: Arc<str>,
    everywhere: Option<KeyKind>,
    // Where it is not what it is everywhere, by project.
    projects: BTreeMap<i64, KeyKind>,
    ended: CancellationToken,
}

impl Person {
    /// What a claim says, but for the projects whose members say something else
    fn new(identity: Identity, state: &AppState) -> Self {
        let id = |name: &String| Some(state.project(name).first()?.row().project_id);
        let claimed = identity.granted.projects.iter();
        let mut projects: BTreeMap<_, _> = claimed
            .filter_map(|(name, role)| Some((id(name)?, *role)))
            .collect();
        let keyring = state.keyring();
        // What somebody is called by the issuer says more than an address, which may have been another person's.
        for (known_by, name) in [
            (KnownBy::Email, identity.email.as_deref()),
            (KnownBy::Subject, Some(&*identity.subject)),
        ] {
            let members = keyring.members().iter();
            let own =
                members.filter(|member| member.known_by == known_by && Some(&*member.name) == name);
            projects.extend(own.map(|member| (member.project_id, member.role)));
        }
        Self {
            payer: format!("person:{}", identity.subject).into(),
            actor: identity.email.unwrap_or(identity.subject).into(),
            everywhere: identity.granted.everywhere,
            projects,
            ended: CancellationToken::new(),
        }
    }

    fn role_in(&self, project: i64) -> Option<KeyKind> {
        self.projects.get(&project).copied().or(self.everywhere)
    }

    /// Whether no project gives them a lesser role than this one
    fn has_everywhere(&self, role: KeyKind) -> bool {
        self.everywhere >= Some(role) && self.projects.values().all(|own| *own >= role)
    }

    fn greatest_role(&self) -> Option<KeyKind> {
        self.projects.values().copied().chain(self.everywhere).max()
    }
}

impl Grant {
    /// What a key grants
    pub(crate) fn of(key: Arc<Key>) -> Self {
        Self {
            kind: key.row().kind,
            holder: Holder::Key(key),
            origin: Origin::default(),
            bill: Bill::default(),
        }
    }

    fn of_person(identity: Identity, state: &AppState) -> Result<Self, ApiError> {
        let person = Person::new(identity, state);
        let kind = person
            .greatest_role()
            .ok_or(ApiError::Forbidden("you have no role in any project"))?;
        Ok(Self {
            kind,
            holder: Holder::Person(Arc::new(person)),
            origin: Origin::default(),
            bill: Bill::default(),
        })
    }

    /// The key; a person has none
    pub(crate) fn key(&self) -> Result<&Key, ApiError> {
        match &self.holder {
            Holder::Key(key) => Ok(key),
            Holder::Person(_) => Err(ApiError::WrongKey {
                kind: self.kind,
                allowed: KeyKind::KEYS,
            }),
        }
    }

    /// What nobody else's writes are named by
    pub(crate) fn scope(&self) -> Arc<str> {
        match &self.holder {
            Holder::Key(key) => key.row().hash.as_str().into(),
            Holder::Person(person) => Arc::clone(&person.payer),
        }
    }

    /// Where the request came from
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What it is charged to
    pub(crate) fn bill(&self) -> &Bill {
        &self.bill
    }

    /// The kind of the key, or a person's role
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// What the audit calls its holder
    pub fn actor(&self) -> Arc<str> {
        match &self.holder {
            Holder::Key(key) => key.row().name.as_str().into(),
            Holder::Person(person) => Arc::clone(&person.actor),
        }
    }

    /// Under which name its requests are counted
    pub(crate) fn payer(&self) -> Arc<str> {
        match &self.holder {
            Holder::Key(key) => Arc::clone(&key.id),
            Holder::Person(person) => Arc::clone(&person.payer),
        }
    }

    /// Refuses a request that it comes with from a page that may not use it, or once too often
    pub(crate) fn admit(mut self, parts: &Parts, state: &AppState) -> Result<Self, ApiError> {
        if let Holder::Key(key) = &self.holder
            && key.row().rules.signed_contexts
            && !signing::is_checked_at(parts.uri.path())
        {
            return Err(ApiError::Signature(
                "the key takes signed contexts only, which are not checked here",
            ));
        }
        if let (Holder::Key(key), Some(origin)) = (&self.holder, parts.headers.get(ORIGIN)) {
            let origins = key.row().rules.origins.as_deref();
            let is_allowed = |origins: &[String]| origins.iter().any(|allowed| origin == allowed);
            if !origins.is_none_or(is_allowed) {
                return Err(ApiError::WrongOrigin);
            }
        }
        self.bill = state.limiter().admit(&self, parts)?;
        note_bill(&parts.extensions, &self.bill);
        if !self.kind.is_public() {
            note_secret(&parts.extensions);
        }
        self.origin = parts.extensions.get().cloned().unwrap_or_default();
        Ok(self)
    }

    /// Refuses other kinds
    pub fn require(self, kinds: &'static [KeyKind]) -> Result<Self, ApiError> {
        if kinds.contains(&self.kind) {
            Ok(self)
        } else {
            Err(ApiError::WrongKey {
                kind: self.kind,
                allowed: kinds,
            })
        }
    }

    /// What it is in a project; `None` if it is nothing there
    pub(crate) fn in_project(&self, project: i64) -> Option<Self> {
        let kind = match &self.holder {
            Holder::Key(key) => {
                let own = key.row().project_id;
                own.is_none_or(|own| own == project).then_some(self.kind)
            }
            Holder::Person(person) => person.role_in(project),
        };
        kind.map(|kind| Self {
            kind,
            ..self.clone()
        })
    }

    /// Whether it is anything in a project
    pub fn belongs_to(&self, project: i64) -> bool {
        self.in_project(project).is_some()
    }

    /// Whether the role applies to all projects, those to come too
    pub fn is_for_all_projects(&self) -> bool {
        match &self.holder {
            Holder::Key(key) => key.row().project_id.is_none(),
            Holder::Person(person) => person.has_everywhere(self.kind),
        }
    }

    /// The environment that the key is for; a token or person is for none
    pub fn environment(&self) -> Option<i64> {
        match &self.holder {
            Holder::Key(key) => key.row().environment_id,
            Holder::Person(_) => None,
        }
    }

    /// Cancelled when the key is revoked or expires: what it opened ends
    pub fn ended(&self) -> &CancellationToken {
        match &self.holder {
            Holder::Key(key) => &key.ended,
            Holder::Person(person) => &person.ended,
        }
    }
}

impl Grant {
    /// Who a token is of
    async fn find(token: &str, parts: &Parts, state: &AppState) -> Result<Self, ApiError> {
        if let Some(key) = state.keyring().find(token, state.now()) {
            return Ok(Self::of(key));
        }
        let issuer = state.limits().issuer.as_ref();
        let issuer = issuer.filter(|_| is_jwt(token));
        let issuer = issuer.ok_or(ApiError::UnknownToken)?;
        // To check a signature takes a hundred times as long as to find that there is no such key.
        state.limiter().may_fail(&parts.extensions)?;
        let identity = issuer.verify(token, state.now()).await;
        Self::of_person(identity.map_err(ApiError::Untrusted)?, state)
    }

    /// The same for a write that is an attempt with an `Idempotency-Key`
    pub(crate) fn with_claim(mut self, claim: Claim) -> Self {
        self.origin.claim = Some(claim);
        self
    }
}

impl FromRequestParts<AppState> for Grant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        // Put there by what comes before the route: the request is admitted, and counted, once.
        if let Some(admitted) = parts.extensions.get::<Self>() {
            return Ok(admitted.clone());
        }
        let token = token(parts).ok_or(ApiError::NoToken)?;
        match Self::find(token, parts, state).await {
            Ok(grant) => grant.admit(parts, state),
            Err(error @ (ApiError::UnknownToken | ApiError::Untrusted(_))) => {
                state.limiter().failure(&parts.extensions)?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }
}

/// The answer to a token that nobody knows, which is counted
pub(crate) fn unknown(parts: &Parts, state: &AppState) -> ApiError {
    let counted = state.limiter().failure(&parts.extensions);
    counted.err().unwrap_or(ApiError::UnknownToken)
}

fn is_jwt(token: &str) -> bool {
    token.split('.').count() == 3
}

/// The token that a request comes with, in either header
pub(crate) fn token(parts: &Parts) -> Option<&str> {
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
