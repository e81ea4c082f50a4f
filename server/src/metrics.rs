//! What is counted, for Prometheus
//!
//! INVARIANT: a label is a route's template, a method, a status, one of the first [`MAX_ENVIRONMENTS`] environments or a word of ours;
//! never a key, a flag or anything else of which there can be as many as somebody likes.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::http::Method;
use flagstaff_core::Reason;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::connections::{Beyond, CloseReason};
use crate::feed::Subject;
use crate::state::AppState;
use crate::store::EnvironmentRow;
use crate::stream::StreamBound;
use crate::transfer::Intent;

mod current;

/// The content type of what [`Metrics::encode`] makes
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PREFIX: &str = "flagstaff";
/// Environments that have series of their own: those with the lowest ids, which are the oldest. Others are counted together
pub(crate) const MAX_ENVIRONMENTS: usize = 500;
/// What stands for the project and the environment of all others; no name begins so
const OTHERS: &str = "_other";
/// Seconds: from what a look into memory takes to what a client gives up at
const DURATIONS: [f64; 13] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0,
];

/// Everything that is counted as it happens
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    streams: Family<StreamLabels, Gauge>,
    transfers: Family<TransferLabels, Counter>,
    refused_streams: Family<StreamBoundLabels, Counter>,
    refused_connections: Family<BeyondLabels, Counter>,
    closed_connections: Family<CloseLabels, Counter>,
    evaluations: Family<EvaluationLabels, Counter>,
    usage_reports: Family<EnvironmentLabels, Counter>,
    usage_lost: Family<EnvironmentLabels, Counter>,
    // The id of the last environment that has series of its own.
    last_labelled: AtomicI64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StreamBoundLabels {
    limit: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BeyondLabels {
    limit: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CloseLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EnvironmentLabels {
    project: String,
    environment: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StreamLabels {
    project: String,
    environment: String,
    subject: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TransferLabels {
    project: String,
    environment: String,
    transfer: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EvaluationLabels {
    project: String,
    environment: String,
    reason: ReasonLabel,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ReasonLabel(Reason);

impl EncodeLabelValue for ReasonLabel {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        self.0.as_str().encode(encoder)
    }
}

/// Counts a stream for as long as it is open
#[derive(Debug)]
pub(crate) struct OpenStream(Gauge);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let metrics = Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(DURATIONS)),
            streams: Family::default(),
            transfers: Family::default(),
            refused_streams: Family::default(),
            refused_connections: Family::default(),
            closed_connections: Family::default(),
            evaluations: Family::default(),
            usage_reports: Family::default(),
            usage_lost: Family::default(),
            last_labelled: AtomicI64::new(i64::MAX),
            registry: Registry::default(),
        };
        metrics.begin_at_zero();
        let mut registry = Registry::with_prefix(PREFIX);
        metrics.register(&mut registry);
        Self {
            registry,
            ..metrics
        }
    }

    fn register(&self, registry: &mut Registry) {
        registry.register(
            "http_requests",
            "Requests that were answered",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "Time to the head of the answer; that of a stream is all that is timed of it",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register("streams", "Streams that are open", self.streams.clone());
        registry.register(
            "stream_transfers",
            "What new streams began with: full, changes or none",
            self.transfers.clone(),
        );
        registry.register(
            "streams_refused",
            "Streams that were not opened, by the limit that was reached",
            self.refused_streams.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections for which there was no room, by the limit that was reached",
            self.refused_connections.clone(),
        );
        registry.register(
            "connections_closed",
            "Connections that the server closed, by reason",
            self.closed_connections.clone(),
        );
        registry.register(
            "evaluations",
            "Flags that were evaluated for others, by OFREP and /api/v1/evaluate",
            self.evaluations.clone(),
        );
        registry.register(
            "usage_reports",
            "Reports of SDKs on what they evaluated",
            self.usage_reports.clone(),
        );
        registry.register(
            "usage_lost",
            "Evaluations that SDKs say they could not report",
            self.usage_lost.clone(),
        );
    }

    /// Gives every series of which all labels are known a value, so that a rate of it is known from the first event on
    fn begin_at_zero(&self) {
        for limit in StreamBound::ALL.map(StreamBound::name) {
            drop(
                self.refused_streams
                    .get_or_create(&StreamBoundLabels { limit }),
            );
        }
        for limit in Beyond::ALL.map(Beyond::name) {
            drop(
                self.refused_connections
                    .get_or_create(&BeyondLabels { limit }),
            );
        }
        for reason in CloseReason::ALL.map(CloseReason::name) {
            drop(
                self.closed_connections
                    .get_or_create(&CloseLabels { reason }),
            );
        }
    }

    /// Takes note of which environments there are, by their ids in order
    pub(crate) fn label(&self, mut environments: impl Iterator<Item = i64>) {
        // While there are fewer, the next one has series of its own too.
        let last = environments.nth(MAX_ENVIRONMENTS - 1);
        self.last_labelled
            .store(last.unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Whether an environment has series of its own
    fn is_labelled(&self, row: &EnvironmentRow) -> bool {
        row.id <= self.last_labelled.load(Ordering::Relaxed)
    }

    fn labels(&self, row: &EnvironmentRow) -> EnvironmentLabels {
        let (project, environment) = if self.is_labelled(row) {
            (&*row.project, &*row.name)
        } else {
            (OTHERS, OTHERS)
        };
        EnvironmentLabels {
            project: project.to_owned(),
            environment: environment.to_owned(),
        }
    }

    /// Notes an answer; `route` is the template of its path, if any has it
    pub(crate) fn answered(
        &self,
        method: &Method,
        route: Option<&str>,
        status: u16,
        duration: Duration,
    ) {
        // A client may send any word as a method.
        let method = match *method {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            Method::OPTIONS => "OPTIONS",
            _ => "other",
        };
        let route = route.unwrap_or("none").to_owned();
        let labels = RequestLabels {
            method,
            route: route.clone(),
            status,
        };
        self.requests.get_or_create(&labels).inc();
        self.durations
            .get_or_create(&RouteLabels { method, route })
            .observe(duration.as_secs_f64());
    }

    /// Notes a new stream and what it begins with; it counts as open until what this gives is dropped
    pub(crate) fn opened(
        &self,
        row: &EnvironmentRow,
        subject: Subject,
        intent: Intent,
    ) -> OpenStream {
        let EnvironmentLabels {
            project,
            environment,
        } = self.labels(row);
        let transfer = match intent {
            Intent::Full(_) => "full",
            Intent::Changes => "changes",
            Intent::Nothing => "none",
        };
        let subject = match subject {
            Subject::Notices => "notices",
            Subject::Objects(_) => {
                let labels = TransferLabels {
                    project: project.clone(),
                    environment: environment.clone(),
                    transfer,
                };
                self.transfers.get_or_create(&labels).inc();
                "objects"
            }
        };
        let gauge = self.streams.get_or_create_owned(&StreamLabels {
            project,
            environment,
            subject,
        });
        gauge.inc();
        OpenStream(gauge)
    }

    /// Notes a stream for which there was no room
    pub(crate) fn refused_stream(&self, bound: StreamBound) {
        let limit = bound.name();
        self.refused_streams
            .get_or_create(&StreamBoundLabels { limit })
            .inc();
    }

    /// Notes a connection for which there was no room
    pub(crate) fn refused_connection(&self, beyond: Beyond) {
        let limit = beyond.name();
        self.refused_connections
            .get_or_create(&BeyondLabels { limit })
            .inc();
    }

    /// Notes a connection that was closed, and not by its client
    pub(crate) fn closed_connection(&self, reason: CloseReason) {
        let reason = reason.name();
        self.closed_connections
            .get_or_create(&CloseLabels { reason })
            .inc();
    }

    /// Notes evaluations for somebody else, by why each value was served
    pub(crate) fn evaluated(&self, row: &EnvironmentRow, reasons: impl Iterator<Item = Reason>) {
        // Of hundreds of flags most share a reason, and each reason's counter is looked up once.
        let mut counts: Vec<(Reason, u64)> = Vec::new();
        for reason in reasons {
            match counts.iter_mut().find(|(counted, _)| *counted == reason) {
                Some((_, count)) => *count = count.saturating_add(1),
                None => counts.push((reason, 1)),
            }
        }
        for (reason, count) in counts {
            let EnvironmentLabels {
                project,
                environment,
            } = self.labels(row);
            let labels = EvaluationLabels {
                project,
                environment,
                reason: ReasonLabel(reason),
            };
            self.evaluations.get_or_create(&labels).inc_by(count);
        }
    }

    /// Notes a report of an SDK, and how many evaluations it says it had to leave out
    pub(crate) fn reported(&self, row: &EnvironmentRow, lost: u64) {
        let labels = self.labels(row);
        self.usage_reports.get_or_create(&labels).inc();
        self.usage_lost.get_or_create(&labels).inc_by(lost);
    }

    /// Everything that was counted, and how things stand now, as Prometheus reads it
    pub(crate) fn encode(&self, state: &AppState) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)?;
        encode_registry(&mut text, &current::registry(state))?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}
