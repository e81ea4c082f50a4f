//! Changing the members of a project

use std::sync::Arc;

use serde_json::json;

use crate::access::credentials::{self, AccessEdit, CredentialCollection};
use crate::access::state::AccessState;
use crate::engine::environment::Author;
use crate::http::api_error::ApiError;
use crate::object::value;
use crate::store::{Action, AuditEntry, CredentialKind, KnownBy, MemberChange, MemberRow};

/// The members of a project, oldest first
pub(crate) fn all(state: &AccessState, collection: &CredentialCollection<'_>) -> Vec<MemberRow> {
    let access_index = state.access_index();
    let own = |member: &&MemberRow| member.project_id == collection.project_id();
    access_index.members().iter().filter(own).cloned().collect()
}

/// The member with an id
pub(crate) fn find(
    state: &AccessState,
    collection: &CredentialCollection<'_>,
    id: &str,
) -> Result<MemberRow, ApiError> {
    let found = all(state, collection)
        .into_iter()
        .find(|row| row.id() == id);
    found.ok_or_else(|| ApiError::NotFound {
        what: "member",
        name: id.to_owned(),
    })
}

/// Adds a member
pub(crate) async fn add(
    state: &Arc<AccessState>,
    collection: &CredentialCollection<'_>,
    author: Author,
    (known_by, name, role): (KnownBy, String, CredentialKind),
) -> Result<MemberRow, ApiError> {
    let row = MemberRow {
        project_id: collection.project_id(),
        known_by,
        name,
        role,
        created_at: author.at,
    };
    let audit = entry(Action::Create, &row, None, Some(role));
    change(
        state,
        collection,
        author,
        MemberChange::Add(row.clone()),
        audit,
    )
    .await?;
    Ok(row)
}

/// Changes the role of a member
pub(crate) async fn set_role(
    state: &Arc<AccessState>,
    collection: &CredentialCollection<'_>,
    author: Author,
    old: MemberRow,
    role: CredentialKind,
) -> Result<MemberRow, ApiError> {
    if old.role == role {
        return Ok(old);
    }
    let audit = entry(Action::Update, &old, Some(old.role), Some(role));
    let row = MemberRow { role, ..old };
    change(
        state,
        collection,
        author,
        MemberChange::Set(row.clone()),
        audit,
    )
    .await?;
    Ok(row)
}

/// Removes a member
pub(crate) async fn remove(
    state: &Arc<AccessState>,
    collection: &CredentialCollection<'_>,
    author: Author,
    old: MemberRow,
) -> Result<(), ApiError> {
    let audit = entry(Action::Delete, &old, Some(old.role), None);
    change(state, collection, author, MemberChange::Remove(old), audit).await
}

async fn change(
    state: &Arc<AccessState>,
    collection: &CredentialCollection<'_>,
    author: Author,
    change: MemberChange,
    audit: AuditEntry,
) -> Result<(), ApiError> {
    let (MemberChange::Add(row) | MemberChange::Set(row) | MemberChange::Remove(row)) = &change;
    let what = AccessEdit::member(row.id(), change);
    credentials::change(state, collection, author, what, vec![audit]).await
}

fn entry(
    action: Action,
    row: &MemberRow,
    before: Option<CredentialKind>,
    after: Option<CredentialKind>,
) -> AuditEntry {
    let state = |role: CredentialKind| {
        value(&json!({ row.known_by.as_str(): row.name, "role": role.name() }))
    };
    AuditEntry::new(
        action,
        "member",
        row.id(),
        (before.map(state), after.map(state)),
    )
}
