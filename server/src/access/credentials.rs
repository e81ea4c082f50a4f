//! Creating, rotating and revoking keys and tokens

use std::sync::Arc;
use std::time::Duration;

use flagstaff_core::{Timestamp, Value};
use serde_json::json;

use crate::access::auth::{Key, Principal};
use crate::access::guards::{Admin, EnvironmentAccess, ProjectAccess};
use crate::access::state::AccessState;
use crate::crypto::token;
use crate::engine::environment::Author;
use crate::http::api_error::ApiError;
use crate::object::value;
use crate::runtime::logging::error_chain;
use crate::store::{
    AccessChange, Action, AuditEntry, BrowserPolicy, CredentialKind, CredentialRow, End, EndedKey,
    EnvironmentRow, MemberChange, Owner, RulesChange, Store, StoreError,
};

/// The name of a project's credentials in the API
const TOKEN: &str = "token";
/// The maximum length of a name in characters
pub(crate) const NAME_LENGTH: usize = 100;

/// The environment or project whose keys or tokens are changed, and the person who changes them
#[derive(Debug)]
pub(crate) struct CredentialCollection<'a> {
    principal: &'a Principal,
    project_id: i64,
    project: &'a str,
    // `None` for the tokens of the project.
    environment: Option<&'a EnvironmentRow>,
}

/// A key to be created
#[derive(Debug)]
pub(crate) struct NewCredential {
    pub(crate) kind: CredentialKind,
    pub(crate) name: String,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) is_for_all_projects: bool,
    pub(crate) rules: BrowserPolicy,
    pub(crate) owner: Option<Owner>,
}

/// Whether a text is a valid name of a key or token
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= NAME_LENGTH && !name.chars().any(char::is_control)
}

impl<'a> CredentialCollection<'a> {
    /// The keys of an environment
    pub(crate) fn environment(admin: &'a Admin<EnvironmentAccess>) -> Self {
        let row = admin.environment.row();
        Self {
            principal: &admin.principal,
            project_id: row.project_id,
            project: &row.project,
            environment: Some(row),
        }
    }

    /// The tokens of a project
    pub(crate) fn project(admin: &'a Admin<ProjectAccess>) -> Self {
        Self {
            principal: &admin.principal,
            project_id: admin.id,
            project: &admin.name,
            environment: None,
        }
    }

    /// The personal tokens for a project
    pub(crate) fn personal(principal: &'a Principal, row: &'a EnvironmentRow) -> Self {
        Self {
            principal,
            project_id: row.project_id,
            project: &row.project,
            environment: None,
        }
    }

    /// The project
    pub(crate) fn project_id(&self) -> i64 {
        self.project_id
    }

    /// The caller
    pub(crate) fn principal(&self) -> &Principal {
        self.principal
    }

    /// Whether these are the tokens of a project
    pub(crate) fn is_project(&self) -> bool {
        self.environment.is_none()
    }

    /// The kinds that may exist here
    pub(crate) fn kinds(&self) -> &'static [CredentialKind] {
        if self.is_project() {
            CredentialKind::ROLES
        } else {
            CredentialKind::KEYS
        }
    }

    /// The path in the API
    pub(crate) fn path(&self) -> String {
        let project = format!("/api/v1/projects/{}", self.project);
        match self.environment {
            Some(row) => format!("{project}/environments/{}/keys", row.name),
            None => format!("{project}/tokens"),
        }
    }

    /// The keys or tokens, in any order
    pub(crate) fn keys(&self, state: &AccessState) -> Vec<Arc<Key>> {
        let access_index = state.access_index();
        let keys = access_index.iter().filter(|key| self.has(key.row()));
        keys.cloned().collect()
    }

    /// The key with this id
    pub(crate) fn find(&self, state: &AccessState, id: &str) -> Result<Arc<Key>, ApiError> {
        let access_index = state.access_index();
        let is_it = |key: &&Arc<Key>| key.row().id() == id && self.has(key.row());
        access_index
            .iter()
            .find(is_it)
            .cloned()
            .ok_or_else(|| self.missing(id))
    }

    fn has(&self, row: &CredentialRow) -> bool {
        match self.environment {
            Some(environment) => row.environment_id == Some(environment.id),
            None => {
                CredentialKind::ROLES.contains(&row.kind)
                    && row.project_id.is_none_or(|id| id == self.project_id)
            }
        }
    }

    fn what(&self) -> &'static str {
        if self.is_project() { TOKEN } else { "key" }
    }

    fn missing(&self, id: &str) -> ApiError {
        ApiError::NotFound {
            what: self.what(),
            name: id.to_owned(),
        }
    }

    /// Requires a role in all projects for what concerns all projects
    fn check_reach(&self, is_for_all_projects: bool) -> Result<(), ApiError> {
        if is_for_all_projects && !self.principal.is_for_all_projects() {
            return Err(ApiError::Forbidden(
                "only who is admin in every project makes, rotates and revokes tokens for all projects",
            ));
        }
        Ok(())
    }
}

/// Creates a key; returns it with its token, which is not stored and cannot be shown again
pub(crate) async fn create(
    state: &Arc<AccessState>,
    collection: &CredentialCollection<'_>,
    author: Author,
    new: NewCredential,
) -> Result<(CredentialRow, String), ApiError> {
    collection.check_reach(new.is_for_all_projects)?;
    let environment = collection.environment.map(|row| row.id);
    let (row, token) = draw(new, (collection.project_id, environment), author.at);
    let what = AccessEdit {
        made: Some(row.clone()),
        ..AccessEdit::default()
    };
    let audit = vec![entry(collection.what(), None, Some(&row))];
    change(state, collection, author, what, audit).await?;
    Ok((row, token))
}

/// Creates a token in the database itself, for an operator without an admin token
pub(crate) async fn create_in(
    store: &dyn Store,
    project_id: i64,
    author: Author,
    new: NewCredential,
) -> Result<(CredentialRow, String), StoreError> {
    let (row, token) = draw(new, (project_id, None), author.at);
    let change = AccessChange {
        made: Some(row.clone()),
        ..AccessChange::of_tokens(project_id, author, entry(TOKEN, None, Some(&row)))
    };
    store.change_access(change).await?;
    Ok((row, token))
}

/// Deletes a token that [`create_in`] created and that could not be shown, even if it is the last one of an admin
pub(crate) async fn drop_in(
    store: &dyn Store,
    project_id: i64,
    author: Author,
    row: &CredentialRow,
) -> Result<(), StoreError> {
    store.drop_keys(vec![row.hash.clone()]).await?;
    let audit = entry(TOKEN, Some(row), None);
    let change = AccessChange::of_tokens(project_id, author, audit);
    store.change_access(change).await
}

fn draw(
    new: NewCredential,
    (project, environment): (i64, Option<i64>),
    at: Timestamp,
) -> (CredentialRow, String) {
    let token = token::generate(new.kind.prefix());
    let row = CredentialRow {
        hash: token::hash(&token),
        kind: new.kind,
        project_id: (!new.is_for_all_projects).then_some(project),
        environment_id: environment,
        name: new.name,
        hint: token::hint(&token).to_owned(),
        created_at: at,
        expires_at: new.expires_at,
        rules: new.rules,
        owner: new.owner,
    };
    (row, token)
}

/// Creates a successor of a key, which keeps working for `grace` seconds
pub(crate) async fn rotate(
    state: &Arc<AccessState>,
    collection: &CredentialCollection<'_>,
    author: Author,
    old: &CredentialRow,
    grace: u64,
) -> Result<(CredentialRow, String), ApiError> {
    collection.check_reach(old.project_id.is_none())?;
    if old.owner.is_some() {
        return Err(ApiError::Forbidden(
            "a personal token has no successor: its owner creates another one",
        ));
    }
    // It was rotated before, or is meant to expire: what its successor should do is not clear.
    if old.expires_at.is_some() {
        return Err(ApiError::Expires);
    }
    let token = token::generate(old.kind.prefix());
    let new = CredentialRow {
        hash: token::hash(&token),
        hint: token::hint(&token).to_owned(),
        created_at: author.at,
        ..old.clone()
    };
    let end = match grace {
        0 => End::Now,
        seconds => End::At(after(author.at, Duration::from_secs(seconds))),
    };
    let ending = match end {
        End::Now => None,
        End::At(at) => Some(CredentialRow {
            expires_at: Some(at),
            ..old.clone()
        }),
    };
    let audit = vec![
        entry(collection.what(), None, Some(&new)),
        entry(collection.what(), Some(old), ending.as_ref()),
    ];
    let what = AccessEdit {
        made: Some(new.clone()),
        ended: Some(EndedKey {
            key: old.clone(),
            end,
        }),
        ..AccessEdit::of(old.id())
    };
    change(state, collection, author, what, audit).await?;
    Ok((new, token))
}

/// Ends a key, and closes what it has opened
pub(crate) async fn revoke(
    state: &Arc<AccessState>,
    collection: &CredentialCollection<'_>,
    author: Author,
    old: &CredentialRow,
) -> Result<(), ApiError> {
    collection.check_reach(old.project_id.is_none())?;
    let audit = vec![entry(collection.what(), Some(old), None)];
    let what = AccessEdit {
        ended: Some(EndedKey {
            key: old.clone(),
            end: End::Now,
        }),
        ..AccessEdit::of(old.id())
    };
    change(state, collection, author, what, audit).await
}

/// Changes the restrictions of a key
pub(crate) async fn set_rules(
    state: &Arc<AccessState>,
    collection: &CredentialCollection<'_>,
    author: Author,
    old: &CredentialRow,
    rules: BrowserPolicy,
) -> Result<CredentialRow, ApiError> {
    let new = CredentialRow {
        rules,
        ..old.clone()
    };
    if new == *old {
        return Ok(new);
    }
    let audit = vec![entry(collection.what(), Some(old), Some(&new))];
    let what = AccessEdit {
        rules: Some(RulesChange {
            hash: old.hash.clone(),
            before: old.rules.clone(),
            after: new.rules.clone(),
        }),
        ..AccessEdit::of(old.id())
    };
    change(state, collection, author, what, audit).await?;
    Ok(new)
}

/// A change of a credential
#[derive(Debug, Default)]
pub(crate) struct AccessEdit {
    // The id, for the error message if it no longer exists.
    id: String,
    made: Option<CredentialRow>,
    ended: Option<EndedKey>,
    rules: Option<RulesChange>,
    member: Option<MemberChange>,
}

impl AccessEdit {
    fn of(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            ..Self::default()
        }
    }

    /// A change of a member, who has this id in the API
    pub(crate) fn member(id: String, change: MemberChange) -> Self {
        Self {
            id,
            member: Some(change),
            ..Self::default()
        }
    }
}

/// Applies a change of access at all nodes
pub(crate) async fn change(
    state: &Arc<AccessState>,
    collection: &CredentialCollection<'_>,
    author: Author,
    what: AccessEdit,
    audit: Vec<AuditEntry>,
) -> Result<(), ApiError> {
    if state.engine.store_health().is_lost() {
        return Err(ApiError::out_of_reach());
    }
    let is_member = what.member.is_some();
    let change = AccessChange {
        project_id: collection.project_id,
        environment_id: collection.environment.map(|row| row.id),
        author,
        made: what.made,
        ended: what.ended,
        rules: what.rules,
        member: what.member,
        audit,
    };
    let own = Arc::clone(state);
    // A task of its own: a client that disconnects between commit and reload must not leave this node with keys that have ended.
    let changed = tokio::spawn(async move { commit(&own, change).await }).await;
    match changed {
        Err(_) => Err(ApiError::unavailable("the server is stopping")),
        Ok(Err(StoreError::NoKey)) => Err(ApiError::NotFound {
            what: if is_member {
                "member"
            } else {
                collection.what()
            },
            name: what.id,
        }),
        Ok(changed) => Ok(changed?),
    }
}

async fn commit(state: &AccessState, change: AccessChange) -> Result<(), StoreError> {
    let made = change.made.as_ref().map(|key| key.hash.clone());
    let changed = state.engine.store().change_access(change).await;
    // Also after an error: another node may have been first, or the commit succeeded and its response was lost.
    let refreshed = state.publish_access().await;
    let Some(made) = made else {
        return changed.and(refreshed);
    };
    match (changed, refreshed) {
        // The token exists, so it must be returned: it cannot be shown later. The next poll loads the keys.
        (Ok(()), Err(error)) => {
            tracing::warn!(
                error = error_chain(&error),
                "the keys could not be loaded anew"
            );
            Ok(())
        }
        (Err(error), Ok(())) if error.leaves_open() && state.access_index().has(&made) => Ok(()),
        (changed, _) => changed,
    }
}

fn entry(
    what: &'static str,
    before: Option<&CredentialRow>,
    after: Option<&CredentialRow>,
) -> AuditEntry {
    let action = Action::of(before.is_some(), after.is_some());
    let name = before.or(after).map_or("", CredentialRow::id);
    let states = (before.map(audited), after.map(audited));
    AuditEntry::new(action, what, name, states)
}

/// The state of a key for the audit
fn audited(row: &CredentialRow) -> Value {
    let mut state = json!({
        "kind": row.kind.name(),
        "name": row.name,
        "hint": row.hint,
        "allProjects": row.project_id.is_none(),
        "expiresAt": row.expires_at.map(|end| end.to_string()),
    });
    if let Some(state) = state.as_object_mut() {
        if let Some(owner) = &row.owner {
            state.insert("owner".to_owned(), json!(owner.actor()));
        }
        let BrowserPolicy {
            origins,
            signed_contexts,
            secrets,
        } = &row.rules;
        if let Some(origins) = origins {
            state.insert("origins".to_owned(), json!(origins));
        }
        if *signed_contexts {
            state.insert("signedContexts".to_owned(), json!(true));
        }
        if !secrets.is_empty() {
            let ids: Vec<_> = secrets.iter().map(|secret| &secret.id).collect();
            state.insert("secrets".to_owned(), json!(ids));
        }
    }
    value(&state)
}

fn after(at: Timestamp, duration: Duration) -> Timestamp {
    let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(at.as_millis().saturating_add(millis))
}
