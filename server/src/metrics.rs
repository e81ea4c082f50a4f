//! Metrics for Prometheus
//!
//! INVARIANT: a label is a route's template, a method, a status, one of the first [`MAX_ENVIRONMENTS`] environments or a fixed word; never
//! a key, a flag or anything else of which callers can create any number.

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

use crate::store::EnvironmentRow;

/// The content type of [`Metrics::encode`]'s output
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
pub(crate) const PREFIX: &str = "flagstaff";
/// Environments with their own series: those with the lowest ids, which are the oldest. The others are counted together
pub(crate) const MAX_ENVIRONMENTS: usize = 500;
/// The label of all other projects and environments; no name begins with `_`
const OTHERS: &str = "_other";
/// Seconds, from an access to memory up to the time limit of clients
const DURATIONS: [f64; 13] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0,
];

/// The label values that exist from the start, so that rates are defined from the first event on
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownLabels {
    pub(crate) stream_limits: [&'static str; 4],
    pub(crate) connection_limits: [&'static str; 2],
    pub(crate) close_reasons: [&'static str; 4],
}

/// What a stream is opened for, as labels
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenedStream {
    pub(crate) kind: &'static str,
    /// The kind of its first transfer, if that is counted
    pub(crate) transfer: Option<&'static str>,
}

/// All counters
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    streams: Family<StreamLabels, Gauge>,
    transfers: Family<TransferLabels, Counter>,
    refused_streams: Family<Label, Counter>,
    refused_connections: Family<Label, Counter>,
    closed_connections: Family<Label, Counter>,
    evaluations: Family<EvaluationLabels, Counter>,
    usage_reports: Family<EnvironmentLabels, Counter>,
    usage_lost: Family<EnvironmentLabels, Counter>,
    // Negative where no Redis is configured.
    redis_up: AtomicI64,
    // The id of the last environment that has its own series.
    last_labelled: AtomicI64,
}

/// A label that alone distinguishes the series of a metric
type Label = [(&'static str, &'static str); 1];

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
pub(crate) struct EnvironmentLabels {
    pub(crate) project: String,
    pub(crate) environment: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StreamLabels {
    #[prometheus(flatten)]
    environment: EnvironmentLabels,
    subject: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TransferLabels {
    #[prometheus(flatten)]
    environment: EnvironmentLabels,
    transfer: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EvaluationLabels {
    #[prometheus(flatten)]
    environment: EnvironmentLabels,
    reason: ReasonLabel,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ReasonLabel(Reason);

impl EncodeLabelValue for ReasonLabel {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        self.0.as_str().encode(encoder)
    }
}

/// Counts a stream while it is open
#[derive(Debug)]
pub(crate) struct OpenStream(Gauge);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    pub(crate) fn new(known: KnownLabels) -> Self {
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
            redis_up: AtomicI64::new(-1),
            last_labelled: AtomicI64::new(i64::MAX),
            registry: Registry::default(),
        };
        metrics.begin_at_zero(known);
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

    /// Records whether Redis is reachable
    pub(crate) fn record_redis(&self, is_up: bool) {
        self.redis_up.store(is_up.into(), Ordering::Relaxed);
    }

    /// Whether Redis is reachable: 1 or 0; `None` where none is configured
    pub(crate) fn redis_up(&self) -> Option<i64> {
        Some(self.redis_up.load(Ordering::Relaxed)).filter(|is_up| *is_up >= 0)
    }

    /// Creates every series whose labels are known with the value 0, so that rates are defined from the first event on
    fn begin_at_zero(&self, known: KnownLabels) {
        for limit in known.stream_limits {
            drop(self.refused_streams.get_or_create(&[("limit", limit)]));
        }
        for limit in known.connection_limits {
            drop(self.refused_connections.get_or_create(&[("limit", limit)]));
        }
        for reason in known.close_reasons {
            drop(self.closed_connections.get_or_create(&[("reason", reason)]));
        }
    }

    /// Records which environments exist, by their ids in order
    pub(crate) fn label(&self, mut environments: impl Iterator<Item = i64>) {
        // While there are fewer, the next environment gets its own series too.
        let last = environments.nth(MAX_ENVIRONMENTS - 1);
        self.last_labelled
            .store(last.unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Whether an environment has its own series
    pub(crate) fn is_labelled(&self, row: &EnvironmentRow) -> bool {
        row.id <= self.last_labelled.load(Ordering::Relaxed)
    }

    pub(crate) fn labels(&self, row: &EnvironmentRow) -> EnvironmentLabels {
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

    /// Records a response; `route` is the template of its path, if the path matches one
    pub(crate) fn record_request(
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

    /// Records a new stream and its first transfer; it counts as open until the returned guard is dropped
    pub(crate) fn record_stream(&self, row: &EnvironmentRow, kind: OpenedStream) -> OpenStream {
        let environment = self.labels(row);
        if let Some(transfer) = kind.transfer {
            let labels = TransferLabels {
                environment: environment.clone(),
                transfer,
            };
            self.transfers.get_or_create(&labels).inc();
        }
        let gauge = self.streams.get_or_create_owned(&StreamLabels {
            environment,
            subject: kind.kind,
        });
        gauge.inc();
        OpenStream(gauge)
    }

    /// Records a new stream of the changes of a project, which an environment of the project stands for
    pub(crate) fn record_project_stream(&self, row: &EnvironmentRow) -> OpenStream {
        let gauge = self.streams.get_or_create_owned(&StreamLabels {
            environment: EnvironmentLabels {
                environment: String::new(),
                ..self.labels(row)
            },
            subject: "changes",
        });
        gauge.inc();
        OpenStream(gauge)
    }

    /// Records a stream that was refused by a limit
    pub(crate) fn refused_stream(&self, limit: &'static str) {
        self.refused_streams
            .get_or_create(&[("limit", limit)])
            .inc();
    }

    /// Records a connection that was refused by a limit
    pub(crate) fn refused_connection(&self, limit: &'static str) {
        self.refused_connections
            .get_or_create(&[("limit", limit)])
            .inc();
    }

    /// Records a connection that the server closed
    pub(crate) fn closed_connection(&self, reason: &'static str) {
        self.closed_connections
            .get_or_create(&[("reason", reason)])
            .inc();
    }

    /// Records evaluations on behalf of callers, by reason
    pub(crate) fn record_evaluations(
        &self,
        row: &EnvironmentRow,
        reasons: impl Iterator<Item = Reason>,
    ) {
        // Hundreds of flags share few reasons: look up the counter of each reason once.
        let mut counts: Vec<(Reason, u64)> = Vec::new();
        for reason in reasons {
            match counts.iter_mut().find(|(counted, _)| *counted == reason) {
                Some((_, count)) => *count = count.saturating_add(1),
                None => counts.push((reason, 1)),
            }
        }
        for (reason, count) in counts {
            let labels = EvaluationLabels {
                environment: self.labels(row),
                reason: ReasonLabel(reason),
            };
            self.evaluations.get_or_create(&labels).inc_by(count);
        }
    }

    /// Records a report of an SDK, and the number of evaluations that it could not count
    pub(crate) fn reported(&self, row: &EnvironmentRow, lost: u64) {
        let labels = self.labels(row);
        self.usage_reports.get_or_create(&labels).inc();
        self.usage_lost.get_or_create(&labels).inc_by(lost);
    }

    /// All counters and the current gauges in Prometheus's text format
    pub(crate) fn encode(&self, gauges: &Registry) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)?;
        encode_registry(&mut text, gauges)?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}
