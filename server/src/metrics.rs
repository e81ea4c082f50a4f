//! What is counted, for Prometheus
//!
//! INVARIANT: a label is a route's template, a method, a status, an environment or a word of ours; never a key, a flag or anything
//! else of which clients can make as many as they like.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::http::Method;
use flagstaff_core::Reason;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::feed::Subject;
use crate::state::AppState;
use crate::store::EnvironmentRow;
use crate::transfer::Intent;

/// The content type of what [`Metrics::encode`] makes
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PREFIX: &str = "flagstaff";
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
    refused_streams: Counter,
    evaluations: Family<EvaluationLabels, Counter>,
    usage_reports: Family<EnvironmentLabels, Counter>,
    usage_lost: Family<EnvironmentLabels, Counter>,
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
struct InstanceLabels {
    project: String,
    environment: String,
    state: &'static str,
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

impl EnvironmentLabels {
    fn of(row: &EnvironmentRow) -> Self {
        Self {
            project: row.project.to_string(),
            environment: row.name.to_string(),
        }
    }
}

/// Counts a stream for as long as it is open
#[derive(Debug)]
pub(crate) struct OpenStream(Gauge);

impl OpenStream {
    /// How many there are of its kind
    pub(crate) fn count(&self) -> usize {
        usize::try_from(self.0.get()).unwrap_or_default()
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let metrics = Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(DURATIONS)),
            streams: Family::default(),
            transfers: Family::default(),
            refused_streams: Counter::default(),
            evaluations: Family::default(),
            usage_reports: Family::default(),
            usage_lost: Family::default(),
            registry: Registry::default(),
        };
        registry.register(
            "http_requests",
            "Requests that were answered",
            metrics.requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "Time to the head of the answer; that of a stream is all that is timed of it",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        registry.register("streams", "Streams that are open", metrics.streams.clone());
        registry.register(
            "stream_transfers",
            "What new streams began with: full, changes or none",
            metrics.transfers.clone(),
        );
        registry.register(
            "streams_refused",
            "Streams that were not opened since there were too many",
            metrics.refused_streams.clone(),
        );
        registry.register(
            "evaluations",
            "Flags that were evaluated for others, by OFREP and /api/v1/evaluate",
            metrics.evaluations.clone(),
        );
        registry.register(
            "usage_reports",
            "Reports of SDKs on what they evaluated",
            metrics.usage_reports.clone(),
        );
        registry.register(
            "usage_lost",
            "Evaluations that SDKs say they could not report",
            metrics.usage_lost.clone(),
        );
        Self {
            registry,
            ..metrics
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
        } = EnvironmentLabels::of(row);
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
    pub(crate) fn refused_stream(&self) {
        self.refused_streams.inc();
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
            } = EnvironmentLabels::of(row);
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
        let labels = EnvironmentLabels::of(row);
        self.usage_reports.get_or_create(&labels).inc();
        self.usage_lost.get_or_create(&labels).inc_by(lost);
    }

    /// Everything that was counted, and how things stand now, as Prometheus reads it
    pub(crate) fn encode(&self, state: &AppState) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)?;
        encode_registry(&mut text, &now(state))?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}

/// How many have said that they use what is served, were sent it and say nothing, or are behind
fn instances(state: &AppState) -> Family<InstanceLabels, Gauge> {
    let instances = Family::<InstanceLabels, Gauge>::default();
    for environment in state.environments() {
        let revision = environment.current().revision();
        let standing = state
            .instances()
            .of(environment.row().id)
            .standing(revision);
        for (name, count) in [
            ("applied", standing.applied),
            ("sent", standing.sent),
            ("behind", standing.behind()),
        ] {
            let EnvironmentLabels {
                project,
                environment,
            } = EnvironmentLabels::of(environment.row());
            let labels = InstanceLabels {
                project,
                environment,
                state: name,
            };
            instances
                .get_or_create(&labels)
                .set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
    instances
}

/// What is not counted but looked up
fn now(state: &AppState) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "The server", version);
    let revisions = Family::<EnvironmentLabels, Gauge>::default();
    for environment in state.environments() {
        let revision = environment.current().revision();
        let labels = EnvironmentLabels::of(environment.row());
        revisions
            .get_or_create(&labels)
            .set(i64::try_from(revision).unwrap_or(i64::MAX));
    }
    registry.register(
        "environment_revision",
        "The revision that this node serves",
        revisions,
    );
    registry.register(
        "instances",
        "Instances that follow at this node, by how they stand towards the revision that it serves",
        instances(state),
    );
    let limit = i64::try_from(state.limits().streams).unwrap_or(i64::MAX);
    registry.register(
        "streams_limit",
        "Streams that may be open at a time",
        ConstGauge::new(limit),
    );
    let contact = state.contact();
    registry.register(
        "store_up",
        "1 if the store answered when it was last asked, else 0",
        ConstGauge::new(i64::from(!contact.is_lost())),
    );
    let staleness = Gauge::<f64, AtomicU64>::default();
    staleness.set(contact.stale_for().as_secs_f64());
    registry.register_with_unit(
        "store_staleness",
        "How long ago this node is known to have had everything that the store has",
        Unit::Seconds,
        staleness,
    );
    registry
}
