//! The sync task with a scripted source, on tokio's paused clock

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::pending;
use std::rc::Rc;

use flagstaff_core::ErrorCode;
use flagstaff_core::object::state_hash;
use tokio::time::timeout;

use super::*;
use crate::change::{ChangeReceiver, ClientChange};
use crate::source::SseEvent;
use crate::status::Status;

/// What one connection sends; after the last item it stays open in silence
type Script = Vec<Item>;

enum Item {
    Event(SseEvent),
    Wait(u64),
    Fail(SourceError),
}

#[derive(Default)]
struct Fake {
    connections: RefCell<VecDeque<Result<Script, SourceError>>>,
    polls: RefCell<VecDeque<Result<PollResponse, SourceError>>>,
    poll_takes: Duration,
    log: Rc<RefCell<Vec<String>>>,
    acknowledged: Rc<RefCell<Vec<String>>>,
    // How acknowledgements fail; the others are accepted.
    refusals: RefCell<VecDeque<SourceError>>,
}

struct FakeStream(VecDeque<Item>);

thread_local! {
    static BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The wall clock of the tests: 2026-01-01, and on with tokio's clock
fn manual_now() -> Timestamp {
    let elapsed = BEGAN.get().map_or(Duration::ZERO, |began| began.elapsed());
    let millis = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(millis.saturating_add(1_767_225_600_000))
}

impl Fake {
    fn note(&self, what: &str, with: Option<&str>) {
        let seconds = BEGAN.get().unwrap().elapsed().as_secs_f64();
        self.log
            .borrow_mut()
            .push(format!("{seconds:.0} {what} {}", with.unwrap_or("-")));
    }
}

impl Source for Fake {
    type Stream = FakeStream;

    async fn connect(&self, cursor: Option<&str>) -> Result<FakeStream, SourceError> {
        self.note("connect", cursor);
        let script = self.connections.borrow_mut().pop_front();
        script.map_or_else(
            || Err(ended()),
            |script| script.map(|items| FakeStream(items.into())),
        )
    }

    async fn acknowledge(&self, cursor: &str) -> Result<Option<Duration>, SourceError> {
        let seconds = BEGAN.get().unwrap().elapsed().as_secs();
        let mut acknowledged = self.acknowledged.borrow_mut();
        acknowledged.push(format!("{seconds} {cursor}"));
        self.refusals
            .borrow_mut()
            .pop_front()
            .map_or(Ok(Some(Duration::from_secs(4))), Err)
    }

    async fn report(&self, _body: String) -> Result<(), SourceError> {
        Ok(())
    }

    async fn poll(&self, entity_tag: Option<&str>) -> Result<PollResponse, SourceError> {
        self.note("poll", entity_tag);
        sleep(self.poll_takes).await;
        let response = self.polls.borrow_mut().pop_front();
        response.unwrap_or_else(|| Err(ended()))
    }
}

impl EventStream for FakeStream {
    async fn next(&mut self) -> Result<SseEvent, SourceError> {
        loop {
            match self.0.pop_front() {
                Some(Item::Event(event)) => return Ok(event),
                Some(Item::Wait(seconds)) => sleep(Duration::from_secs(seconds)).await,
                Some(Item::Fail(failure)) => return Err(failure),
                None => pending().await,
            }
        }
    }
}

fn ended() -> SourceError {
    SourceError::Ended
}

fn event(name: &str, data: &str, id: Option<&str>) -> Item {
    let (name, data, id) = (name.to_owned(), data.to_owned(), id.map(str::to_owned));
    Item::Event(SseEvent {
        name,
        data,
        id,
        retry: None,
    })
}

const FLAG: &str = r#"{"type": "boolean", "enabled": true, "salt": "s", "serve": "on"}"#;

/// A full transfer of one flag, whose version and revision are the same
fn transfer(flag: &str, revision: u64, object: &str) -> Script {
    let hash = state_hash("flag", flag, revision);
    let commit = format!(
        r#"{{"schemaVersion": 1, "environment": "test", "revision": {revision}, "hash": "{hash:016x}"}}"#
    );
    vec![
        event("server-intent", r#"{"intent": "xfer-full"}"#, None),
        event("put-object", &put(flag, revision, object), None),
        event(
            "payload-transferred",
            &commit,
            Some(&format!("cursor-{revision}")),
        ),
    ]
}

fn put(flag: &str, version: u64, object: &str) -> String {
    format!(r#"{{"kind": "flag", "key": "{flag}", "version": {version}, "object": {object}}}"#)
}

fn then(mut script: Script, items: impl IntoIterator<Item = Item>) -> Script {
    script.extend(items);
    script
}

fn document(flag: &str, entity_tag: &str) -> PollResponse {
    let text = format!(
        r#"{{"schemaVersion": 1, "environment": "test", "revision": 9, "flags": {{"{flag}": {FLAG}}}}}"#
    );
    PollResponse::Document {
        text,
        entity_tag: Some(entity_tag.to_owned()),
    }
}

fn refused() -> SourceError {
    SourceError::Refused {
        status: 401,
        detail: "unknown key".to_owned(),
    }
}

/// The state after a run of so many seconds
struct Ran {
    current: CurrentSnapshot,
    session: Session,
    changes: ChangeReceiver,
    log: Vec<String>,
    acknowledged: Vec<String>,
}

impl Ran {
    fn serves(&self, flag: &str) -> bool {
        let context = flagstaff_core::Context::new("u");
        self.current.read(|snapshot| {
            let outcome = snapshot.evaluate(flag, None, &context, manual_now());
            outcome.error_code() != Some(ErrorCode::FlagNotFound)
        })
    }

    /// The changes in order: a flag's key, or a status
    fn received(&mut self) -> Vec<String> {
        let next = || self.changes.next_timeout(Duration::ZERO);
        let changes = std::iter::from_fn(next);
        changes
            .map(|change| match change {
                ClientChange::Flags(flags) => flags.join(" "),
                ClientChange::Status(status) => status.to_string(),
                ClientChange::Lagged(count) => format!("missed {count}"),
            })
            .collect()
    }
}

async fn run(seconds: u64, fake: Fake) -> Ran {
    BEGAN.set(Some(Instant::now()));
    let (current, session, timing) = (
        CurrentSnapshot::new(None, None),
        Session::new(Status::NotReady, None),
        Timing::default(),
    );
    let (changes, log) = (session.changes(), Rc::clone(&fake.log));
    let acknowledged = Rc::clone(&fake.acknowledged);
    let task = SyncTask {
        now: manual_now,
        random: || 1.0,
        ..SyncTask::new(&fake, &current, &session, &timing)
    };
    assert!(
        timeout(Duration::from_secs(seconds), task.run())
            .await
            .is_err(),
        "the task never ends"
    );
    drop(task);
    let log = log.take();
    let acknowledged = acknowledged.take();
    Ran {
        current,
        session,
        changes,
        log,
        acknowledged,
    }
}

fn connections(scripts: impl IntoIterator<Item = Result<Script, SourceError>>) -> Fake {
    Fake {
        connections: RefCell::new(scripts.into_iter().collect()),
        ..Fake::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_transfer_is_used_and_notified() {
    let mut ran = run(10, connections([Ok(transfer("a", 1, FLAG))])).await;
    assert!(ran.serves("a"));
    assert_eq!(ran.received(), ["a", "READY"]);
}

#[tokio::test(start_paused = true)]
async fn reconnections_come_ever_later_and_polls_join_after_three_failures() {
    let ran = run(35, connections([])).await;
    let connects = [
        "0 connect -",
        "1 connect -",
        "3 connect -",
        "3 poll -",
        "7 connect -",
        "15 connect -",
        "31 connect -",
    ];
    assert_eq!(ran.log, connects);
    assert_eq!(ran.session.state().status, Status::NotReady);
}

#[tokio::test(start_paused = true)]
async fn a_poll_serves_until_the_stream_is_back_and_then_ends() {
    let failures = (0..3).map(|_| Err(ended()));
    let fake = connections(failures.chain([Ok(transfer("streamed", 10, FLAG))]));
    fake.polls
        .borrow_mut()
        .push_back(Ok(document("polled", "\"tag\"")));
    let mut ran = run(300, fake).await;
    assert_eq!(
        ran.log,
        [
            "0 connect -",
            "1 connect -",
            "3 connect -",
            "3 poll -",
            "7 connect -"
        ]
    );
    assert_eq!(ran.received(), ["polled", "READY", "polled streamed"]);
}

#[tokio::test(start_paused = true)]
async fn polls_send_the_entity_tag_and_an_unchanged_document_is_as_fresh_as_a_new_one() {
    let fake = connections([]);
    fake.polls.borrow_mut().extend([
        Ok(document("polled", "\"tag\"")),
        Ok(PollResponse::Unchanged),
    ]);
    let mut ran = run(60, fake).await;
    let polls: Vec<&String> = ran
        .log
        .iter()
        .filter(|line| line.contains("poll"))
        .collect();
    assert_eq!(polls, ["3 poll -", "40 poll \"tag\""]);
    assert_eq!(ran.received(), ["polled", "READY"]);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_responds_after_the_stream_is_back_is_not_used() {
    let failures = (0..3).map(|_| Err(ended()));
    let fake = Fake {
        poll_takes: Duration::from_secs(5),
        ..connections(failures.chain([Ok(transfer("streamed", 10, FLAG))]))
    };
    fake.polls
        .borrow_mut()
        .push_back(Ok(document("polled", "\"tag\"")));
    let ran = run(60, fake).await;
    assert!(ran.serves("streamed") && !ran.serves("polled"));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_fails_the_client_for_five_minutes_and_not_for_ever() {
    let mut ran = run(
        1_000,
        connections([Err(refused()), Ok(transfer("a", 1, FLAG))]),
    )
    .await;
    assert_eq!(ran.log, ["0 connect -", "330 connect -"]);
    assert_eq!(ran.received(), ["FAILED", "a", "READY"]);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_leaves_the_last_known_flags() {
    let script = then(transfer("a", 1, FLAG), [Item::Fail(ended())]);
    let mut ran = run(100, connections([Ok(script), Err(refused())])).await;
    assert!(ran.serves("a"));
    assert_eq!(ran.received(), ["a", "READY", "STALE"]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_lost_and_found_within_a_second_is_never_stale_and_resumes_at_its_cursor() {
    let lost = then(transfer("a", 1, FLAG), [Item::Wait(5), Item::Fail(ended())]);
    let back = vec![event("server-intent", r#"{"intent": "none"}"#, None)];
    let mut ran = run(60, connections([Ok(lost), Ok(back)])).await;
    assert_eq!(ran.log, ["0 connect -", "6 connect cursor-1"]);
    assert_eq!(ran.received(), ["a", "READY"]);
}

#[tokio::test(start_paused = true)]
async fn a_cut_in_the_middle_of_a_transfer_changes_nothing_and_resumes_at_the_last_commit() {
    let half = [
        event("put-object", &put("b", 2, FLAG), None),
        Item::Fail(ended()),
    ];
    let fake = connections([
        Ok(then(transfer("a", 1, FLAG), half)),
        Ok(vec![event("server-intent", r#"{"intent": "none"}"#, None)]),
    ]);
    let ran = run(30, fake).await;
    assert_eq!(ran.log, ["0 connect -", "1 connect cursor-1"]);
    assert!(ran.serves("a") && !ran.serves("b"));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_cannot_be_read_forgets_the_cursor() {
    let fake = connections([
        Ok(then(
            transfer("a", 1, FLAG),
            [event("put-object", "{", None)],
        )),
        Ok(transfer("b", 2, FLAG)),
    ]);
    let ran = run(30, fake).await;
    assert_eq!(ran.log, ["0 connect -", "1 connect -"]);
    assert!(ran.serves("b") && !ran.serves("a"));
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_is_not_a_failure_and_sets_the_delay() {
    let goodbye = event(
        "goodbye",
        r#"{"reason": "restart", "retryAfterMs": 7000}"#,
        None,
    );
    let mut ran = run(
        30,
        connections([
            Ok(then(transfer("a", 1, FLAG), [goodbye])),
            Ok(transfer("b", 2, FLAG)),
        ]),
    )
    .await;
    // The delay that the server asks for, and a second of jitter.
    assert_eq!(ran.log, ["0 connect -", "8 connect cursor-1"]);
    assert_eq!(ran.received(), ["a", "READY", "a b"]);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured() {
    let busy = SourceError::Status {
        status: 503,
        retry_after: Some(Duration::from_secs(20)),
    };
    let ran = run(30, connections([Err(busy), Ok(transfer("a", 1, FLAG))])).await;
    assert_eq!(ran.log, ["0 connect -", "21 connect -"]);
}

#[tokio::test(start_paused = true)]
async fn a_minute_of_health_makes_the_delays_short_again_and_less_does_not() {
    let lasting = |revision, seconds| {
        Ok(then(
            transfer("a", revision, FLAG),
            [Item::Wait(seconds), Item::Fail(ended())],
        ))
    };
    let fake = connections([Err(ended()), Err(ended()), lasting(1, 30), lasting(2, 60)]);
    let ran = run(150, fake).await;
    let expected = [
        "0 connect -",
        "1 connect -",
        "3 connect -",
        "37 connect cursor-1",
        "98 connect cursor-2",
        "100 connect cursor-2",
    ];
    assert_eq!(ran.log.get(..6).unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn time_alone_changes_flags_and_is_notified() {
    let timed = r#"{"type": "boolean", "enabled": true, "salt": "s", "serve": "off", "rules": [
        {"from": "2026-01-01T00:05:00Z", "until": "2026-01-01T01:00:00Z", "when": {"attribute": "x", "op": "notEquals", "value": 1}, "serve": "on"}]}"#;
    let mut ran = run(299, connections([Ok(transfer("timed", 1, timed))])).await;
    assert_eq!(ran.received(), ["timed", "READY"]);
    let mut ran = run(301, connections([Ok(transfer("timed", 1, timed))])).await;
    assert_eq!(ran.received(), ["timed", "READY", "timed"]);
    let mut ran = run(4_000, connections([Ok(transfer("timed", 1, timed))])).await;
    assert_eq!(ran.received(), ["timed", "READY", "timed", "timed"]);
}

#[tokio::test(start_paused = true)]
async fn states_in_use_are_acknowledged_in_time_and_several_changes_at_once() {
    let changes = [
        vec![Item::Wait(10)],
        transfer("b", 2, FLAG),
        vec![Item::Wait(2)],
        transfer("c", 3, FLAG),
        vec![Item::Wait(10), Item::Fail(ended())],
    ];
    let script = then(transfer("a", 1, FLAG), changes.into_iter().flatten());
    let current = vec![event("server-intent", r#"{"intent": "none"}"#, None)];
    let ran = run(60, connections([Ok(script), Ok(current)])).await;
    // The first within a second, the next as the server says; the same state is acknowledged again after a reconnection, since the server
    // may be another one.
    assert_eq!(
        ran.acknowledged,
        ["1 cursor-1", "14 cursor-3", "27 cursor-3"]
    );
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_that_fails_is_tried_again_but_not_for_ever() {
    let failures = [ended(), refused(), ended(), ended()];
    let fake = Fake {
        refusals: RefCell::new(failures.into()),
        ..connections([Ok(transfer("a", 1, FLAG))])
    };
    let ran = run(2_000, fake).await;
    let expected = ["1 cursor-1", "8 cursor-1", "338 cursor-1"];
    assert_eq!(ran.acknowledged, expected);
}
