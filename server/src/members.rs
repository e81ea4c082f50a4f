//! Changing who is a member of a project

use serde_json::json;

use crate::access::{self, Place, What};
use crate::api_error::ApiError;
use crate::auth::KeyKind;
use crate::environment::Author;
use crate::object::value;
use crate::state::AppState;
use crate::store::{Action, AuditEntry, KnownBy, MemberChange, MemberRow};

/// The members of a place, the oldest first
pub(crate) fn all(state: &AppState, place: &Place<'_>) -> Vec<MemberRow> {
    let keyring = state.keyring();
    let own = |member: &&MemberRow| member.project_id == place.project_id();
    keyring.members().iter().filter(own).cloned().collect()
}

/// The member of an id
pub(crate) fn find(state: &AppState, place: &Place<'_>, id: &str) -> Result<MemberRow, ApiError> {
    let found = all(state, place).into_iter().find(|row| row.id() == id);
    found.ok_or_else(|| ApiError::NotFound {
        what: "member",
        name: id.to_owned(),
    })
}

/// Adds somebody
pub(crate) async fn add(
    state: &AppState,
    place: &Place<'_>,
    author: Author,
    (known_by, name, role): (KnownBy, String, KeyKind),
) -> Result<MemberRow, ApiError> {
    let row = MemberRow {
        project_id: place.project_id(),
        known_by,
        name,
        role,
        created_at: author.at,
    };
    let audit = entry(Action::Create, &row, None, Some(role));
    change(state, place, author, MemberChange::Add(row.clone()), audit).await?;
    Ok(row)
}

/// Gives somebody another role
pub(crate) async fn set_role(
    state: &AppState,
    place: &Place<'_>,
    author: Author,
    old: MemberRow,
    role: KeyKind,
) -> Result<MemberRow, ApiError> {
    if old.role == role {
        return Ok(old);
    }
    let audit = entry(Action::Update, &old, Some(old.role), Some(role));
    let row = MemberRow { role, ..old };
    change(state, place, author, MemberChange::Set(row.clone()), audit).await?;
    Ok(row)
}

/// Takes somebody out
pub(crate) async fn remove(
    state: &AppState,
    place: &Place<'_>,
    author: Author,
    old: MemberRow,
) -> Result<(), ApiError> {
    let audit = entry(Action::Delete, &old, Some(old.role), None);
    change(state, place, author, MemberChange::Remove(old), audit).await
}

async fn change(
    state: &AppState,
    place: &Place<'_>,
    author: Author,
    change: MemberChange,
    audit: AuditEntry,
) -> Result<(), ApiError> {
    let (MemberChange::Add(row) | MemberChange::Set(row) | MemberChange::Remove(row)) = &change;
    let what = What::member(row.id(), change);
    access::change(state, place, author, what, vec![audit]).await
}

fn entry(
    action: Action,
    row: &MemberRow,
    before: Option<KeyKind>,
    after: Option<KeyKind>,
) -> AuditEntry {
    let told =
        |role: KeyKind| value(&json!({ row.known_by.as_str(): row.name, "role": role.name() }));
    AuditEntry::new(
        action,
        "member",
        row.id(),
        (before.map(told), after.map(told)),
    )
}
