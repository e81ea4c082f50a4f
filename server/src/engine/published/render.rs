//! Renders bodies for requests: a body that takes long is rendered once, on a blocking thread

use std::sync::Arc;

use bytes::Bytes;

use super::{Held, PublishedRevision, Transfer};
use crate::engine::coding::{ContentCoding, SharedBytes};
use crate::engine::visibility::Visibility;
use crate::runtime::offload::{Ended, offload};

/// An environment up to this size is rendered and compressed within a few milliseconds
const SMALL: usize = 256 << 10;

impl PublishedRevision {
    /// The document in the coding that the client accepts, and that coding
    pub(crate) async fn send_document(
        self: &Arc<Self>,
        scope: Visibility,
        accepted: ContentCoding,
    ) -> Result<(ContentCoding, Bytes), Ended> {
        let is_ready = |it: &Self| {
            let rendered = it.rendered(scope);
            let made = match accepted {
                ContentCoding::Identity => &rendered.document,
                ContentCoding::Gzip => &rendered.document_gzip,
            };
            made.get().is_some()
        };
        self.render(scope, is_ready, move |it| {
            let coding = accepted.for_length(it.document(scope).len());
            (coding, it.document_in(scope, coding))
        })
        .await
    }

    /// The transfer for a client that holds `cursor`, ready to be sent in `coding`
    pub(crate) async fn send_transfer(
        self: &Arc<Self>,
        scope: Visibility,
        cursor: Option<&str>,
        coding: ContentCoding,
    ) -> Result<Transfer, Ended> {
        let held = self.resume(scope, cursor).ok();
        let cursor = cursor.map(str::to_owned);
        self.render(
            scope,
            |it| held == Some(it.revision()) || it.is_transfer_ready(scope, held, coding),
            move |it| {
                let transfer = it.transfer(scope, cursor.as_deref());
                if let Some(events) = &transfer.events {
                    events.prepare(coding);
                }
                transfer
            },
        )
        .await
    }

    /// The delta since the state that a client has, ready to be sent in `coding`; `None` if the history does not reach back to it
    pub(crate) async fn send_since(
        self: &Arc<Self>,
        scope: Visibility,
        held: Held,
        coding: ContentCoding,
    ) -> Result<Option<SharedBytes>, Ended> {
        let is_ready = |it: &Self| it.is_transfer_ready(scope, Some(held.revision), coding);
        self.render(scope, is_ready, move |it| {
            let events = it.since_held(scope, held)?;
            events.prepare(coding);
            Some(events)
        })
        .await
    }

    /// The full transfer, ready to be sent in `coding`
    pub(crate) async fn send_full(
        self: &Arc<Self>,
        scope: Visibility,
        coding: ContentCoding,
    ) -> Result<SharedBytes, Ended> {
        let is_ready = |it: &Self| it.is_transfer_ready(scope, None, coding);
        self.render(scope, is_ready, move |it| {
            let events = it.full(scope);
            events.prepare(coding);
            events
        })
        .await
    }

    fn is_transfer_ready(
        &self,
        scope: Visibility,
        held: Option<u64>,
        coding: ContentCoding,
    ) -> bool {
        let rendered = self.rendered(scope);
        let is_full_ready = || {
            let full = rendered.full.get();
            full.is_some_and(|full| full.is_ready(coding))
        };
        match held {
            Some(revision) => rendered
                .delta(revision)
                .is_some_and(|delta| delta.map_or_else(is_full_ready, |it| it.is_ready(coding))),
            None => is_full_ready(),
        }
    }

    /// Renders small or already rendered bodies at once, and others on a blocking thread; requests for the same body wait for the first
    /// one
    async fn render<T: Send + 'static>(
        self: &Arc<Self>,
        scope: Visibility,
        is_ready: impl Fn(&Self) -> bool,
        render: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, Ended> {
        if self.state.objects(scope).bytes() < SMALL || is_ready(self) {
            return Ok(render(self));
        }
        let turn = Arc::clone(&self.rendering).lock_owned().await;
        if is_ready(self) {
            return Ok(render(self));
        }
        let this = Arc::clone(self);
        offload(move || {
            // If the client disconnects, the work goes on and keeps the lock: otherwise every client that disconnects would start the same
            // work again.
            let _turn = turn;
            render(&this)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::sync::oneshot;

    use flagstaff_core::object::ObjectKind;

    use super::*;
    use crate::engine::published::EnvironmentIdentity;
    use crate::engine::recent_states::RecentStates;
    use crate::engine::visibility::State;
    use crate::object::{Body, Object, ObjectId, Objects, Whole};
    use crate::store::EnvironmentRow;

    fn published(past: Option<&Arc<State>>, state: &Arc<State>) -> PublishedRevision {
        let row = EnvironmentRow {
            id: 1,
            project_id: 1,
            project: "default".into(),
            name: "production".into(),
        };
        let epoch = "e".repeat(16).into();
        let mut history = RecentStates::default();
        if let Some(past) = past {
            history.push(Arc::clone(past), 0);
        }
        let identity = Arc::new(EnvironmentIdentity { epoch, row });
        let flags = imbl::OrdMap::new();
        PublishedRevision::new(identity, Arc::clone(state), flags, history).unwrap()
    }

    fn state(version: u64, serve: &str) -> Arc<State> {
        let text = format!(r#"{{"enabled":true,"serve":"{serve}","type":"boolean"}}"#);
        let body = Body::Whole(Arc::new(Whole::new(ObjectKind::Flag, text.into())));
        let mut objects = Objects::default();
        objects.insert(
            &ObjectId::new(ObjectKind::Flag, "f"),
            Object { version, body },
        );
        Arc::new(State::new("lineage".into(), version, objects))
    }

    /// Otherwise every client that disconnects would occupy one more of the blocking threads, which SQLite needs too
    #[tokio::test]
    async fn who_hangs_up_while_something_is_rendered_gives_the_turn_to_nobody() {
        let text = "x".repeat(SMALL);
        let published = Arc::new(published(None, &state(1, &text)));
        let (begun, begins) = oneshot::channel();
        let (end, ends) = mpsc::channel::<()>();
        let work = move |_: &PublishedRevision| {
            begun.send(()).unwrap();
            let _ = ends.recv();
        };
        let this = Arc::clone(&published);
        let caller =
            tokio::spawn(
                async move { this.render(Visibility::All, |_| false, work).await.is_ok() },
            );
        begins.await.unwrap();
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        assert!(published.rendering.try_lock().is_err(), "it goes on");
        drop(end);
        let next = published.render(Visibility::All, |_| false, |_| 7).await;
        assert_eq!(next.unwrap(), 7);
    }

    /// A stream that was open while a backup was restored, after which revisions were used again
    #[test]
    fn a_client_is_not_sent_changes_from_a_state_that_it_does_not_have() {
        let held = published(None, &state(1, "on")).held(Visibility::All);
        let now = state(2, "on");
        let same = published(Some(&state(1, "on")), &now);
        let other = published(Some(&state(1, "off")), &now);
        assert_eq!(same.held(Visibility::All), other.held(Visibility::All));
        assert!(same.since_held(Visibility::All, held).is_some());
        assert!(other.since_held(Visibility::All, held).is_none());
    }
}
