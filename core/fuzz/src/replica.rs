//! Streams of events

use std::sync::Arc;

use flagstaff_core::{Context, Replica, ReplicaError, Snapshot, Timestamp, TransferProgress};
use flagstaff_js::JsonReplica;
use serde_json::Value as Json;

/// Maximum number of replays of one input
const EVENTS: usize = 32;

/// One line: `NAME DATA`, or `NAME@ID DATA` for an event with an id
struct Event {
    name: String,
    id: Option<String>,
    data: String,
}

/// Passes lines to a replica: events by their names, `connected`, and `load` with a document
///
/// An input cannot contain the right state hash, so a wrong one is replaced by the right one and the input is replayed.
pub fn replica(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut events: Vec<Event> = text.lines().take(EVENTS).map(Event::read).collect();
    let mut corrections = 0;
    while let Some((position, hash)) = play(&events)
        && corrections < EVENTS
    {
        corrections = corrections.saturating_add(1);
        if let Some(event) = events.get_mut(position) {
            event.correct(&hash);
        }
    }
}

impl Event {
    fn read(line: &str) -> Self {
        let (name, data) = line.split_once(' ').unwrap_or((line, ""));
        let (name, id) = match name.split_once('@') {
            Some((name, id)) => (name, Some(id.to_owned())),
            None => (name, None),
        };
        Self {
            name: name.to_owned(),
            id,
            data: data.to_owned(),
        }
    }

    fn correct(&mut self, hash: &str) {
        let mut data: Json = serde_json::from_str(&self.data).unwrap_or_default();
        if let Some(old) = data.get_mut("hash") {
            *old = hash.into();
        }
        self.data = data.to_string();
    }
}

/// The position of the first wrong hash, and the right hash
fn play(events: &[Event]) -> Option<(usize, String)> {
    let (mut replica, mut text) = (Replica::new(), JsonReplica::default());
    for (position, event) in events.iter().enumerate() {
        let (before, cursor) = (replica.snapshot(), replica.cursor().map(ToOwned::to_owned));
        let id = event.id.as_deref();
        let result = match &*event.name {
            "connected" => {
                replica.begin_connection();
                text.begin_connection();
                continue;
            }
            "load" => {
                load(&mut replica, &mut text, &event.data);
                continue;
            }
            name => {
                let result = replica.apply_event(name, &event.data, id);
                assert_eq!(
                    result.is_ok(),
                    text.apply_event(name, &event.data, id).is_ok(),
                    "text and values differ"
                );
                result
            }
        };
        assert_eq!(replica.cursor(), text.cursor(), "text and values differ");
        match result {
            Ok(TransferProgress::Committed(commit)) => {
                assert!(
                    Arc::ptr_eq(&replica.snapshot(), &commit.snapshot),
                    "committed, and not served"
                );
                assert_eq!(replica.cursor(), id, "the cursor of the commit");
                unchanged_answer_alike(&before, &commit.snapshot, &commit.changed);
                continue;
            }
            Ok(_) => assert_eq!(
                replica.cursor(),
                cursor.as_deref(),
                "the cursor moved without a commit"
            ),
            Err(error) => {
                assert_eq!(
                    replica.cursor(),
                    None,
                    "after an error everything is asked for"
                );
                if let ReplicaError::Hash { found, .. } = error {
                    return Some((position, found));
                }
            }
        }
        assert!(
            Arc::ptr_eq(&replica.snapshot(), &before),
            "changed without a commit"
        );
    }
    None
}

/// Replaces everything by a document, or nothing if it is refused
fn load(replica: &mut Replica, text: &mut JsonReplica, document: &str) {
    let (before, cursor) = (replica.snapshot(), replica.cursor().map(ToOwned::to_owned));
    let loaded = replica.load_document(document);
    assert_eq!(
        loaded.is_ok(),
        text.load_document(document).is_ok(),
        "text and values differ"
    );
    if let Ok(commit) = loaded {
        assert_eq!(replica.cursor(), None, "a document has no cursor");
        unchanged_answer_alike(&before, &commit.snapshot, &commit.changed);
    } else {
        assert_eq!(
            replica.cursor(),
            cursor.as_deref(),
            "refused, and yet the cursor moved"
        );
        assert!(
            Arc::ptr_eq(&replica.snapshot(), &before),
            "refused, and yet changed"
        );
    }
}

/// Flags that a commit does not name as changed keep their outcomes
fn unchanged_answer_alike(old: &Snapshot, new: &Snapshot, changed: &[Arc<str>]) {
    assert!(changed.is_sorted(), "changed flags are told in order");
    let context = Context::new("u1").with("plan", "pro");
    let answers = |snapshot: &Snapshot| -> Vec<String> {
        let outcomes = snapshot.evaluate_all(&context, Timestamp::from_millis(0));
        let unchanged = outcomes
            .iter()
            .filter(|(key, _)| changed.iter().all(|changed| **changed != **key));
        unchanged
            .map(|(key, outcome)| format!("{key} {outcome:?}"))
            .collect()
    };
    assert_eq!(
        answers(old),
        answers(new),
        "flags changed that are not named"
    );
}
