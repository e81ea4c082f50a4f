//! A server of this process on a free port, and its streams, read by a real parser

use std::pin::Pin;

use eventsource_stream::Eventsource as _;
use flagstaff_server::{AppState, Clock, RuntimeConfig, serve_on};
use futures_util::{Stream, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::database::Database;
use super::follower::{Event, Follower};
use super::http;
use super::request::{Requests, Target};
use super::server::state;
use super::wait::in_time;

/// A server on a free port
pub(crate) struct Live {
    state: AppState,
    address: String,
    task: JoinHandle<std::io::Result<()>>,
}

impl Live {
    pub(crate) async fn start(database: &Database) -> Self {
        Self::with(database, RuntimeConfig::default()).await
    }

    pub(crate) async fn with(database: &Database, limits: RuntimeConfig) -> Self {
        Self::serve(state(database, limits, Clock::System).await).await
    }

    pub(crate) async fn serve(state: AppState) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        Self {
            state: state.clone(),
            address,
            task: tokio::spawn(serve_on(listener, state)),
        }
    }

    /// The address and the port
    pub(crate) fn host(&self) -> &str {
        self.address.trim_start_matches("http://")
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) async fn stop(self) {
        self.state.stopping().cancel();
        in_time(self.task).await.unwrap().unwrap();
    }

    /// Opens a stream, which begins after a cursor
    pub(crate) async fn connect(&self, token: &str, cursor: Option<&str>) -> Connection {
        Connection::open(&self.address, token, cursor).await
    }
}

impl Requests for Live {
    fn target(&self) -> Target {
        Target::Address(self.address.clone())
    }
}

/// A stream that is read event by event
pub(crate) struct Connection(Pin<Box<dyn Stream<Item = Event> + Send>>);

impl Connection {
    pub(crate) async fn open(address: &str, token: &str, cursor: Option<&str>) -> Self {
        Self::open_at(address, "", token, cursor).await
    }

    /// The same with a query, from its question mark on
    pub(crate) async fn open_at(
        address: &str,
        query: &str,
        token: &str,
        cursor: Option<&str>,
    ) -> Self {
        let url = format!("{address}/api/v1/sdk/stream{query}");
        Self::to(url, token, cursor).await
    }

    /// The changes of the project `default`, for people
    pub(crate) async fn of_project(address: &str, token: &str, cursor: Option<&str>) -> Self {
        let url = format!("{address}/api/v1/projects/default/events");
        Self::to(url, token, cursor).await
    }

    async fn to(url: String, token: &str, cursor: Option<&str>) -> Self {
        let mut request = http().get(url).bearer_auth(token);
        if let Some(cursor) = cursor {
            request = request.header("last-event-id", cursor);
        }
        let response = request.send().await.unwrap();
        for (name, value) in [
            ("content-type", "text/event-stream"),
            ("cache-control", "no-store, no-transform"),
            ("x-accel-buffering", "no"),
        ] {
            assert_eq!(response.headers()[name], value);
        }
        let events = response.bytes_stream().eventsource().map(|event| {
            let event = event.unwrap();
            Event {
                name: event.event,
                data: event.data,
                id: Some(event.id).filter(|id| !id.is_empty()),
            }
        });
        Self(Box::pin(events))
    }

    /// The next event; `None` at the end of the stream
    pub(crate) async fn next(&mut self) -> Option<Event> {
        in_time(self.0.next()).await
    }

    async fn expect_next(&mut self) -> Event {
        self.next().await.expect("the stream ended")
    }

    /// Reads on until the follower is at a revision
    pub(crate) async fn follow(&mut self, follower: &mut Follower, revision: u64) {
        while follower.replica.snapshot().revision() != revision {
            follower.take(&self.expect_next().await).unwrap();
        }
    }

    /// Reads on until the follower has a flag
    pub(crate) async fn follow_to(&mut self, follower: &mut Follower, flag: &str) {
        while !follower.flags().iter().any(|key| key == flag) {
            follower.take(&self.expect_next().await).unwrap();
        }
    }

    /// Reads on to the next commit, and returns its cursor
    pub(crate) async fn committed(&mut self) -> String {
        loop {
            let event = self.expect_next().await;
            if event.name == "payload-transferred" {
                return event.id.unwrap();
            }
        }
    }

    /// Reads to the end, and returns the last event
    pub(crate) async fn last(&mut self) -> Event {
        let mut last = None;
        while let Some(event) = self.next().await {
            last = Some(event);
        }
        last.unwrap()
    }

    /// Reads the intent that a connection begins with
    pub(crate) async fn intent(&mut self) -> Value {
        let first = self.expect_next().await;
        assert_eq!(first.name, "server-intent");
        first.json()["intent"].clone()
    }
}
