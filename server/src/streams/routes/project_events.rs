//! `GET /api/v1/projects/{project}/events`: tells people's pages what has changed in a project, and by whom

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{Extensions, HeaderMap};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use flagstaff_core::Timestamp;
use futures_util::stream;
use serde::Serialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::access::guards::ProjectAccess;
use crate::http::api_error::ApiError;
use crate::http::connections::{CarriedStream, Connection};
use crate::metrics::OpenStream;
use crate::store::{ACCESS_KINDS, AuditEvent, CredentialKind, StoreError, StoreRevisions};
use crate::streams::project_changes::Following;
use crate::streams::routes::sdk::{LastEventId, STREAM_HEADERS, last_event_id};
use crate::streams::state::StreamState;
use crate::streams::stream::{StreamGroup, StreamSlot, take_slot};

/// A stream ends after this time, and its client connects again: with a JWT that has expired, or after signing out, it is refused
const LIFETIME: Duration = Duration::from_mins(10);

/// The data of an event `change`
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectChange<'a> {
    /// The number of the change in the project's audit; also the event's `id`
    sequence: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The author's name in the audit
    actor: &'a str,
    /// `create`, `update`, `delete`, `archive` or `restore`
    action: &'a str,
    /// The environment; null if the change concerns the whole project
    #[schema(required = true)]
    environment: Option<&'a str>,
    /// The revision of the environment; null if it has no new one
    #[schema(required = true)]
    revision: Option<u64>,
    /// The kind of what was changed, as in the audit: `flag`, `segment`, `group`, `holdout`, `environment`, `project`, and for admins
    /// `key`, `token` and `member`
    kind: &'a str,
    /// The key or name of what was changed
    key: &'a str,
}

impl<'a> ProjectChange<'a> {
    fn of(event: &'a AuditEvent) -> Self {
        Self {
            sequence: event.sequence,
            at: event.at,
            actor: &event.actor,
            action: &event.action,
            environment: event.environment.as_deref(),
            revision: event.revision,
            kind: &event.kind,
            key: &event.name,
        }
    }
}

/// Streams what changes in a project, and by whom, while it changes
///
/// The events are `ready`, when the stream is open; `change`, whose data is a `ProjectChange`; and `reload`, when there were more changes
/// than the stream can tell: read again what you show. The changes themselves are in the audit. Changes of keys, tokens, members and
/// sessions are sent only to admins. The stream ends after some minutes, or when access changes: open it again with `Last-Event-ID`.
#[utoipa::path(
    get, path = "/events", tag = "audit", operation_id = "followProject",
    params(LastEventId),
    responses((status = OK, description = "Server-sent events", body = ProjectChange<'_>, content_type = "text/event-stream"), (status = SERVICE_UNAVAILABLE)),
)]
pub(crate) async fn events(
    scope: ProjectAccess,
    State(state): State<Arc<StreamState>>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Result<Response, ApiError> {
    if state.stopping.is_cancelled() {
        return Err(ApiError::unavailable("the server is stopping"));
    }
    let gone = || ApiError::NotFound {
        what: "project",
        name: scope.name.clone(),
    };
    let environments = state.access.engine.project(&scope.name);
    let first = environments.first().ok_or_else(gone)?;
    let group = StreamGroup::Changes(scope.id);
    let slot = take_slot(&state, &scope.principal, group, &extensions)?;
    let mut followed = state.access.engine.subscribe();
    // What this node has not followed yet is read when it has; at once if it has.
    followed.mark_changed();
    let head = state
        .access
        .engine
        .store()
        .audit_head(scope.id)
        .await?
        .sequence;
    let seen = last_event_id(&headers);
    let seen = seen.map(|id| id.parse().ok().filter(|id| *id <= head));
    let (name, position) = match seen {
        Some(Some(id)) => ("ready", id),
        Some(None) => ("reload", head),
        None => ("ready", head),
    };
    let now = Instant::now();
    let connection = ProjectStream {
        project: scope.id,
        is_admin: scope.principal.kind() == CredentialKind::Admin,
        position,
        unsent: VecDeque::from([opening(name, position)]),
        is_over: false,
        followed,
        epoch: Arc::clone(&first.current().identity().epoch),
        access_version: state.access.access_index().version(),
        ended: scope.principal.revoked().clone(),
        until: now.checked_add(LIFETIME).unwrap_or(now),
        _open: state.access.http.metrics.record_project_stream(first.row()),
        _slot: slot,
        _carried: extensions
            .get::<Arc<Connection>>()
            .map(Connection::carry_stream),
        state: Arc::clone(&state),
    };
    let events = stream::unfold(connection, |mut connection| async {
        let event = connection.next().await?;
        Some((Ok::<_, Infallible>(event), connection))
    });
    let heartbeat = KeepAlive::new().interval(state.heartbeat).text("heartbeat");
    Ok((STREAM_HEADERS, Sse::new(events).keep_alive(heartbeat)).into_response())
}

/// The first event, from whose number the client goes on
fn opening(name: &str, position: u64) -> Event {
    let retry = Duration::from_millis(rand::random_range(1_000..=3_000));
    numbered(name, position)
        .retry(retry)
        .data(json!({"sequence": position}).to_string())
}

fn numbered(name: &str, number: u64) -> Event {
    Event::default().event(name).id(number.to_string())
}

/// An open stream
struct ProjectStream {
    project: i64,
    is_admin: bool,
    /// The number of the last change that the client has received, or that it may not see
    position: u64,
    unsent: VecDeque<Event>,
    is_over: bool,
    followed: watch::Receiver<Arc<StoreRevisions>>,
    epoch: Arc<str>,
    access_version: u64,
    ended: CancellationToken,
    until: Instant,
    state: Arc<StreamState>,
    _open: OpenStream,
    _slot: StreamSlot,
    _carried: Option<CarriedStream>,
}

impl ProjectStream {
    /// The next event; called when the socket has taken the previous one
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.unsent.pop_front() {
                return Some(event);
            }
            if self.is_over {
                return None;
            }
            tokio::select! {
                biased;
                () = self.state.stopping.cancelled() => return Some(self.goodbye("the server is stopping", 500..=3_000)),
                () = self.ended.cancelled() => return Some(self.goodbye("the token was revoked or has expired", 0..=1_000)),
                () = sleep_until(self.until) => return Some(self.goodbye("open it again", 0..=1_000)),
                changed = self.followed.changed() => {
                    changed.ok()?;
                    // What cannot be read now is read when the client reconnects.
                    if self.read().await.is_err() {
                        return Some(self.goodbye("the database is unreachable", 1_000..=5_000));
                    }
                }
            }
        }
    }

    /// Reads what has changed
    async fn read(&mut self) -> Result<(), StoreError> {
        let store = Arc::clone(&self.followed.borrow_and_update());
        // Before this node has followed the store for the first time, it is empty.
        if store.epoch.is_empty() {
            return Ok(());
        }
        if self.state.access.access_index().version() != self.access_version {
            // The caller may have another role now, or none.
            let event = self.goodbye("access has changed", 0..=1_000);
            self.unsent.push_back(event);
            return Ok(());
        }
        let head = store.audited.get(&self.project).copied();
        let Some(head) = head else {
            let event = self.goodbye("the project was deleted", 0..=1_000);
            self.unsent.push_back(event);
            return Ok(());
        };
        if store.epoch != self.epoch {
            self.epoch = Arc::clone(&store.epoch);
            self.reload(head);
        }
        if head <= self.position {
            return Ok(());
        }
        let engine = &self.state.access.engine;
        let changes = &self.state.changes;
        match changes
            .after(engine, &store, (self.project, self.position))
            .await?
        {
            Following::TooMany(last) => self.reload(last),
            Following::Changes(following) => following.iter().for_each(|it| self.tell(it)),
        }
        Ok(())
    }

    fn tell(&mut self, change: &AuditEvent) {
        self.position = change.sequence;
        if self.is_admin || !ACCESS_KINDS.contains(&change.kind.as_str()) {
            let data = json!(ProjectChange::of(change)).to_string();
            self.unsent
                .push_back(numbered("change", change.sequence).data(data));
        }
    }

    fn reload(&mut self, position: u64) {
        self.position = position;
        self.unsent.push_back(opening("reload", position));
    }

    fn goodbye(&mut self, reason: &str, retry_ms: std::ops::RangeInclusive<u64>) -> Event {
        self.is_over = true;
        let retry = Duration::from_millis(rand::random_range(retry_ms));
        Event::default().comment(reason).retry(retry)
    }
}
