"""The three shapes: the causes of traffic on a day, how often each occurs in a minute, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assumptions import Assumptions
from day import MINUTES, curve, present
from inputs import Measured

SECONDS = 60 * MINUTES
MICRO = 1e-6


@dataclass(frozen=True)
class Flow:
    """One cause of traffic."""

    name: str
    # Number in each minute.
    events: list[float]
    # Of one event: bytes on the network, and CPU time.
    egress_bytes: float
    cpu_seconds: float
    # A request, or an event on a stream.
    is_request: bool

    @property
    def per_day(self) -> float:
        """Number on a day."""
        return sum(self.events)


@dataclass(frozen=True)
class Load:
    """The load of a day for one shape."""

    shape: str
    # Open streams at the end of each minute.
    streams: list[float]
    flows: list[Flow]
    # Requests after a change by all clients with a stream: CPU time of one, and the duration of the burst.
    burst_cpu_seconds: float = 0
    burst_seconds: float = 1

    @property
    def peak_streams(self) -> float:
        """At the busiest minute."""
        return max(self.streams)

    @property
    def requests_per_day(self) -> float:
        """Of all kinds."""
        return sum(flow.per_day for flow in self.flows if flow.is_request)

    @property
    def peak_requests_per_second(self) -> float:
        """In the busiest minute; requests after changes are spread over the day, and shown separately as bursts."""
        return max(self._per_minute(lambda flow: 1.0 if flow.is_request else 0.0)) / 60

    @property
    def egress_bytes_per_day(self) -> float:
        """Of all kinds."""
        return sum(flow.per_day * flow.egress_bytes for flow in self.flows)

    @property
    def mean_cores(self) -> float:
        """Over the day."""
        return sum(flow.per_day * flow.cpu_seconds for flow in self.flows) / SECONDS

    @property
    def peak_cores(self) -> float:
        """In the busiest minute."""
        return max(self._per_minute(lambda flow: flow.cpu_seconds)) / 60

    @property
    def burst_requests_per_second(self) -> float:
        """After a change, at the busiest minute."""
        return self.peak_streams / self.burst_seconds if self.burst_cpu_seconds else 0

    @property
    def burst_cores(self) -> float:
        """After a change, at the busiest minute."""
        return self.peak_streams * self.burst_cpu_seconds / self.burst_seconds

    def _per_minute(self, weight: Callable[[Flow], float]) -> list[float]:
        weighted = [(flow.events, weight(flow)) for flow in self.flows]
        return [sum(events[minute] * each for events, each in weighted) for minute in range(MINUTES)]


@dataclass(frozen=True)
class Costs:
    """Costs from the measurement and the assumptions."""

    assumptions: Assumptions
    measured: Measured

    def wire(self, payload: float, *, handshakes: int = 0) -> float:
        """Bytes on the network for a number of HTTP bytes."""
        packets = math.ceil(payload / self.assumptions.packet_bytes)
        return (
            payload + packets * self.assumptions.packet_overhead_bytes + handshakes * self.assumptions.handshake_bytes
        )

    def transfer(self, flags: float) -> float:
        """Bytes of a stream's first transfer."""
        return self.sized("transfer_bytes", flags)

    def bulk(self) -> float:
        """Bytes of a bulk evaluation."""
        return self.sized("bulk.answer_bytes")

    def sized(self, field: str, flags: float | None = None) -> float:
        """A measured figure for a number of flags; the default is that of the environment."""
        return self.measured.sized(field, self.assumptions.flags if flags is None else flags)

    def heartbeats(self, streams: list[float]) -> Flow:
        """The comments on silent streams."""
        idle = self.measured.idle
        events = scaled(streams, 60 / idle.heartbeat_seconds)
        cpu = idle.heartbeat_cpu_microseconds * MICRO
        return Flow("heartbeats", events, self.wire(idle.heartbeat_bytes), cpu, is_request=False)


def scaled(series: Sequence[float], factor: float) -> list[float]:
    """Each value times `factor`."""
    return [value * factor for value in series]


def servers(assumptions: Assumptions, measured: Measured) -> Load:
    """Backend processes with an SDK: a stream for each process, no request for an evaluation."""
    costs, opening = Costs(assumptions, measured), measured.sized("open_cpu_microseconds", assumptions.flags) * MICRO
    visits = assumptions.daily_users * assumptions.sessions_per_user
    busiest = visits * assumptions.backend_requests_per_session / SECONDS * assumptions.peak_to_mean
    of_a_service = busiest * assumptions.services_per_request / assumptions.services / assumptions.requests_per_process
    processes = assumptions.services * max(assumptions.min_processes, math.ceil(of_a_service))
    streams = [processes] * MINUTES
    of_a_minute = scaled(streams, 1 / MINUTES)
    changes = scaled(of_a_minute, assumptions.changes_per_day)
    delta = costs.wire(costs.sized("delta_bytes"))
    return Load(
        "server SDKs",
        streams,
        [
            Flow(
                "starts of processes",
                scaled(of_a_minute, assumptions.deployments_per_day),
                costs.wire(costs.transfer(assumptions.flags), handshakes=1),
                opening,
                is_request=True,
            ),
            Flow(
                "reconnections",
                scaled(of_a_minute, assumptions.process_drops_per_day),
                costs.wire(costs.sized("resume_bytes"), handshakes=1),
                opening,
                is_request=True,
            ),
            Flow("changes", changes, delta, measured.idle.delta_cpu_microseconds * MICRO, is_request=False),
            costs.heartbeats(streams),
        ],
    )


@dataclass(frozen=True)
class Browsers:
    """The common part of both kinds of browsers."""

    page_loads: list[float]
    streams: list[float]
    # Streams that are opened again after an interruption, or after the tab was hidden.
    reopened: list[float]
    # Streams that receive each change.
    notified: list[float]


def browsers(assumptions: Assumptions) -> Browsers:
    """Tabs over the day."""
    sessions_of_a_minute = assumptions.daily_users * assumptions.sessions_per_user / MINUTES
    sessions = scaled(curve(assumptions.peak_to_mean), sessions_of_a_minute)
    holding = assumptions.foreground_share + (1 - assumptions.foreground_share) * assumptions.hidden_streams
    streams = scaled(present(sessions, assumptions.session_minutes), holding)
    closed_and_opened = assumptions.returns_per_session * (1 - assumptions.hidden_streams)
    dropped = assumptions.browser_drops_per_hour / 60
    return Browsers(
        page_loads=scaled(sessions, assumptions.page_loads_per_session),
        streams=streams,
        reopened=[held * dropped + coming * closed_and_opened for held, coming in zip(streams, sessions, strict=True)],
        notified=scaled(streams, assumptions.changes_per_day / MINUTES),
    )


def remote(assumptions: Assumptions, measured: Measured) -> Load:
    """Browsers that get values: OFREP's bulk evaluation, and a stream that notifies of changes."""
    costs, tabs = Costs(assumptions, measured), browsers(assumptions)
    opening = costs.sized("open_cpu_microseconds") * MICRO
    bulk, bulk_cpu = costs.wire(costs.bulk()), costs.sized("bulk.cpu_microseconds") * MICRO
    head = costs.wire(costs.sized("resume_bytes"), handshakes=1)
    delta_cpu = measured.idle.delta_cpu_microseconds * MICRO
    unchanged = costs.wire(costs.sized("not_modified.answer_bytes"))
    unchanged_cpu = costs.sized("not_modified.cpu_microseconds") * MICRO
    return Load(
        "browsers, remote",
        tabs.streams,
        [
            Flow("evaluations at page loads", tabs.page_loads, bulk, bulk_cpu, is_request=True),
            Flow("streams at page loads", tabs.page_loads, head, opening, is_request=True),
            Flow("reconnections", tabs.reopened, head, opening, is_request=True),
            Flow(
                "evaluations after reconnections, unchanged", tabs.reopened, unchanged, unchanged_cpu, is_request=True
            ),
            Flow(
                "notifications of changes",
                tabs.notified,
                costs.wire(assumptions.notification_bytes),
                delta_cpu,
                is_request=False,
            ),
            Flow("evaluations after changes", tabs.notified, bulk, bulk_cpu, is_request=True),
            costs.heartbeats(tabs.streams),
        ],
        burst_cpu_seconds=bulk_cpu,
        burst_seconds=assumptions.refetch_spread_seconds,
    )


def local(assumptions: Assumptions, measured: Measured) -> Load:
    """Browsers that evaluate locally: flags marked `clientSide` and their changes, no request for an evaluation."""
    costs, tabs = Costs(assumptions, measured), browsers(assumptions)
    visible = assumptions.flags * assumptions.client_side_share
    opening = costs.sized("open_cpu_microseconds", visible) * MICRO
    delta = costs.wire(costs.sized("delta_bytes", visible))
    # For a change that the key does not see, the server sends a commit without objects, of similar length.
    return Load(
        "browsers, local",
        tabs.streams,
        [
            Flow(
                "transfers at page loads",
                tabs.page_loads,
                costs.wire(costs.transfer(visible), handshakes=1),
                opening,
                is_request=True,
            ),
            Flow(
                "reconnections",
                tabs.reopened,
                costs.wire(costs.sized("resume_bytes"), handshakes=1),
                opening,
                is_request=True,
            ),
            Flow("changes", tabs.notified, delta, measured.idle.delta_cpu_microseconds * MICRO, is_request=False),
            costs.heartbeats(tabs.streams),
        ],
    )


SHAPES = (servers, remote, local)
