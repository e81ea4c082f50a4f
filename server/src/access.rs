//! Changing who has access: making, rotating and revoking keys and tokens

use std::sync::Arc;
use std::time::Duration;

use flagstaff_core::{Timestamp, Value};
use serde_json::json;

use crate::api_error::{ApiError, chain};
use crate::auth::{self, Grant, Key, KeyKind};
use crate::environment::Author;
use crate::object::value;
use crate::state::AppState;
use crate::store::{
    AccessChange, Action, AuditEntry, End, EndedKey, EnvironmentRow, KeyRow, KeyRules,
    MemberChange, RulesChange, Store, StoreError,
};

/// What the API calls a credential of people and scripts
const TOKEN: &str = "token";
/// Characters of a name
pub(crate) const NAME_LENGTH: usize = 100;

/// What keys or tokens are for, and who asks
#[derive(Debug)]
pub(crate) struct Place<'a> {
    grant: Grant,
    project_id: i64,
    project: &'a str,
    // None where it is about the tokens of the project.
    environment: Option<&'a EnvironmentRow>,
}

/// A key that is to be made
#[derive(Debug)]
pub(crate) struct NewKey {
    pub(crate) kind: KeyKind,
    pub(crate) name: String,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) is_for_all_projects: bool,
    pub(crate) rules: KeyRules,
}

/// Whether a text can name a key or token
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= NAME_LENGTH && !name.chars().any(char::is_control)
}

impl<'a> Place<'a> {
    /// The keys of an environment
    pub(crate) fn environment(grant: Grant, row: &'a EnvironmentRow) -> Self {
        Self {
            grant,
            project_id: row.project_id,
            project: &row.project,
            environment: Some(row),
        }
    }

    /// The tokens of a project
    pub(crate) fn project(grant: Grant, id: i64, name: &'a str) -> Self {
        Self {
            grant,
            project_id: id,
            project: name,
            environment: None,
        }
    }

    /// The project
    pub(crate) fn project_id(&self) -> i64 {
        self.project_id
    }

    /// Who asks
    pub(crate) fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Whether it is about tokens
    pub(crate) fn is_project(&self) -> bool {
        self.environment.is_none()
    }

    /// The kinds that there are here
    pub(crate) fn kinds(&self) -> &'static [KeyKind] {
        if self.is_project() {
            KeyKind::ROLES
        } else {
            KeyKind::KEYS
        }
    }

    /// Where the API has it
    pub(crate) fn path(&self) -> String {
        let project = format!("/api/v1/projects/{}", self.project);
        match self.environment {
            Some(row) => format!("{project}/environments/{}/keys", row.name),
            None => format!("{project}/tokens"),
        }
    }

    /// Its keys, in any order
    pub(crate) fn keys(&self, state: &AppState) -> Vec<Arc<Key>> {
        let keyring = state.keyring();
        let keys = keyring.iter().filter(|key| self.has(key.row()));
        keys.cloned().collect()
    }

    /// The key of an id
    pub(crate) fn find(&self, state: &AppState, id: &str) -> Result<Arc<Key>, ApiError> {
        let keyring = state.keyring();
        let is_it = |key: &&Arc<Key>| key.row().id() == id && self.has(key.row());
        keyring
            .iter()
            .find(is_it)
            .cloned()
            .ok_or_else(|| self.missing(id))
    }

    fn has(&self, row: &KeyRow) -> bool {
        match self.environment {
            Some(environment) => row.environment_id == Some(environment.id),
            None => {
                KeyKind::ROLES.contains(&row.kind)
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

    /// What concerns all projects is the business of those who have a say in all of them
    fn check_reach(&self, is_for_all_projects: bool) -> Result<(), ApiError> {
        if is_for_all_projects && !self.grant.is_for_all_projects() {
            return Err(ApiError::Forbidden(
                "only who is admin in every project makes, rotates and revokes tokens for all projects",
            ));
        }
        Ok(())
    }
}

/// Makes a key; answers it with its token, which is known now and never again
pub(crate) async fn create(
    state: &AppState,
    place: &Place<'_>,
    author: Author,
    new: NewKey,
) -> Result<(KeyRow, String), ApiError> {
    place.check_reach(new.is_for_all_projects)?;
    let environment = place.environment.map(|row| row.id);
    let (row, token) = draw(new, (place.project_id, environment), author.at);
    let what = What {
        made: Some(row.clone()),
        ..What::default()
    };
    let audit = vec![entry(place.what(), None, Some(&row))];
    change(state, place, author, what, audit).await?;
    Ok((row, token))
}

/// Makes a token in a database itself: for an operator who has no admin token left
pub(crate) async fn create_in(
    store: &dyn Store,
    project_id: i64,
    author: Author,
    new: NewKey,
) -> Result<(KeyRow, String), StoreError> {
    let (row, token) = draw(new, (project_id, None), author.at);
    let change = AccessChange {
        made: Some(row.clone()),
        ..AccessChange::of_tokens(project_id, author, entry(TOKEN, None, Some(&row)))
    };
    store.change_access(change).await?;
    Ok((row, token))
}

/// Deletes a token that [`create_in`] made and nobody could be told, be it the last one of an admin
pub(crate) async fn drop_in(
    store: &dyn Store,
    project_id: i64,
    author: Author,
    row: &KeyRow,
) -> Result<(), StoreError> {
    store.drop_keys(vec![row.hash.clone()]).await?;
    let audit = entry(TOKEN, Some(row), None);
    let change = AccessChange::of_tokens(project_id, author, audit);
    store.change_access(change).await
}

fn draw(
    new: NewKey,
    (project, environment): (i64, Option<i64>),
    at: Timestamp,
) -> (KeyRow, String) {
    let token = auth::draw_token(new.kind);
    let row = KeyRow {
        hash: auth::hash(&token),
        kind: new.kind,
        project_id: (!new.is_for_all_projects).then_some(project),
        environment_id: environment,
        name: new.name,
        hint: auth::hint(&token).to_owned(),
        created_at: at,
        expires_at: new.expires_at,
        rules: new.rules,
    };
    (row, token)
}

/// Makes a key in the place of another one, which works for `grace` seconds yet
pub(crate) async fn rotate(
    state: &AppState,
    place: &Place<'_>,
    author: Author,
    old: &KeyRow,
    grace: u64,
) -> Result<(KeyRow, String), ApiError> {
    place.check_reach(old.project_id.is_none())?;
    // It may be in its grace already, or be meant to end; its heir would not know which.
    if old.expires_at.is_some() {
        return Err(ApiError::Expires);
    }
    let token = auth::draw_token(old.kind);
    let new = KeyRow {
        hash: auth::hash(&token),
        hint: auth::hint(&token).to_owned(),
        created_at: author.at,
        ..old.clone()
    };
    let end = match grace {
        0 => End::Now,
        seconds => End::At(after(author.at, Duration::from_secs(seconds))),
    };
    let ending = match end {
        End::Now => None,
        End::At(at) => Some(KeyRow {
            expires_at: Some(at),
            ..old.clone()
        }),
    };
    let audit = vec![
        entry(place.what(), None, Some(&new)),
        entry(place.what(), Some(old), ending.as_ref()),
    ];
    let what = What {
        made: Some(new.clone()),
        ended: Some(EndedKey {
            key: old.clone(),
            end,
        }),
        ..What::of(old.id())
    };
    change(state, place, author, what, audit).await?;
    Ok((new, token))
}

/// Ends a key, and what it has opened
pub(crate) async fn revoke(
    state: &AppState,
    place: &Place<'_>,
    author: Author,
    old: &KeyRow,
) -> Result<(), ApiError> {
    place.check_reach(old.project_id.is_none())?;
    let audit = vec![entry(place.what(), Some(old), None)];
    let what = What {
        ended: Some(EndedKey {
            key: old.clone(),
            end: End::Now,
        }),
        ..What::of(old.id())
    };
    change(state, place, author, what, audit).await
}

/// Gives a key other rules
pub(crate) async fn set_rules(
    state: &AppState,
    place: &Place<'_>,
    author: Author,
    old: &KeyRow,
    rules: KeyRules,
) -> Result<KeyRow, ApiError> {
    let new = KeyRow {
        rules,
        ..old.clone()
    };
    if new == *old {
        return Ok(new);
    }
    let audit = vec![entry(place.what(), Some(old), Some(&new))];
    let what = What {
        rules: Some(RulesChange {
            hash: old.hash.clone(),
            before: old.rules.clone(),
            after: new.rules.clone(),
        }),
        ..What::of(old.id())
    };
    change(state, place, author, what, audit).await?;
    Ok(new)
}

/// What is changed
#[derive(Debug, Default)]
pub(crate) struct What {
    // Of what it is about, for the answer that there is no such thing any more.
    id: String,
    made: Option<KeyRow>,
    ended: Option<EndedKey>,
    rules: Option<RulesChange>,
    member: Option<MemberChange>,
}

impl What {
    fn of(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            ..Self::default()
        }
    }

    /// A change of who is a member, whom the API has under an id
    pub(crate) fn member(id: String, change: MemberChange) -> Self {
        Self {
            id,
            member: Some(change),
            ..Self::default()
        }
    }
}

/// Changes who has access, everywhere
pub(crate) async fn change(
    state: &AppState,
    place: &Place<'_>,
    author: Author,
    what: What,
    audit: Vec<AuditEntry>,
) -> Result<(), ApiError> {
    if state.contact().is_lost() {
        return Err(ApiError::out_of_reach());
    }
    let is_member = what.member.is_some();
    let change = AccessChange {
        project_id: place.project_id,
        environment_id: place.environment.map(|row| row.id),
        author,
        made: what.made,
        ended: what.ended,
        rules: what.rules,
        member: what.member,
        audit,
    };
    let own = state.clone();
    // A task of its own: a caller that hangs up between commit and reload must not leave this node with keys that have ended.
    let changed = tokio::spawn(async move { commit(&own, change).await }).await;
    match changed {
        Err(_) => Err(ApiError::unavailable("the server is stopping")),
        Ok(Err(StoreError::NoKey)) => Err(ApiError::NotFound {
            what: if is_member { "member" } else { place.what() },
            name: what.id,
        }),
        Ok(changed) => Ok(changed?),
    }
}

async fn commit(state: &AppState, change: AccessChange) -> Result<(), StoreError> {
    let made = change.made.as_ref().map(|key| key.hash.clone());
    let changed = state.store().change_access(change).await;
    // Also where it failed: another node may have been first, or the commit was made and its answer lost.
    let refreshed = state.refresh_keys().await;
    state.backing().committed.notify_one();
    let Some(made) = made else {
        return changed.and(refreshed);
    };
    match (changed, refreshed) {
        // A token that exists must be told: it is known now and never again. The next poll makes up for the reload.
        (Ok(()), Err(error)) => {
            tracing::warn!(error = chain(&error), "the keys could not be loaded anew");
            Ok(())
        }
        (Err(error), Ok(())) if error.leaves_open() && state.keyring().has(&made) => Ok(()),
        (changed, _) => changed,
    }
}

fn entry(what: &'static str, before: Option<&KeyRow>, after: Option<&KeyRow>) -> AuditEntry {
    let action = Action::of(before.is_some(), after.is_some());
    let name = before.or(after).map_or("", KeyRow::id);
    let states = (before.map(audited), after.map(audited));
    AuditEntry::new(action, what, name, states)
}

/// What the audit tells of a key
fn audited(row: &KeyRow) -> Value {
    let mut told = json!({
        "kind": row.kind.name(),
        "name": row.name,
        "hint": row.hint,
        "allProjects": row.project_id.is_none(),
        "expiresAt": row.expires_at.map(|end| end.to_string()),
    });
    if let Some(told) = told.as_object_mut() {
        let KeyRules {
            origins,
            signed_contexts,
            secrets,
        } = &row.rules;
        if let Some(origins) = origins {
            told.insert("origins".to_owned(), json!(origins));
        }
        if *signed_contexts {
            told.insert("signedContexts".to_owned(), json!(true));
        }
        if !secrets.is_empty() {
            let ids: Vec<_> = secrets.iter().map(|secret| &secret.id).collect();
            told.insert("secrets".to_owned(), json!(ids));
        }
    }
    value(&told)
}

fn after(at: Timestamp, duration: Duration) -> Timestamp {
    let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(at.as_millis().saturating_add(millis))
}
