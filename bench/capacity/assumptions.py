"""What is not measured but supposed, each with a name by which it is changed."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

Json = Any


def suppose(default: float, about: str) -> Json:
    """A field with its meaning, which the page shows."""
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True)
class Assumptions:
    """One installation and its users."""

    daily_users: float = suppose(1_000_000, "people who use the product on a day")
    peak_to_mean: float = suppose(
        2.0, "the busiest minute of the day against the mean minute (one country; 1 is a flat day)"
    )
    sessions_per_user: float = suppose(3, "visits of a user on a day")
    session_minutes: float = suppose(10, "how long a visit keeps a tab open, in the mean")
    page_loads_per_session: float = suppose(
        2, "documents that a browser loads in a visit; 1 is a single-page application"
    )
    foreground_share: float = suppose(0.4, "share of that time in which the tab is in front")
    hidden_streams: float = suppose(1, "share of hidden tabs that keep their stream; our SDKs do not close it today")
    returns_per_session: float = suppose(
        2, "how often a tab comes to the front again, and opens a stream that it had closed"
    )
    browser_drops_per_hour: float = suppose(2, "how often a browser's stream is cut: sleep, another network, a proxy")
    flags: float = suppose(200, "flags of the environment")
    client_side_share: float = suppose(0.3, "share of them that is marked `clientSide`")
    changes_per_day: float = suppose(30, "changes of flags in the environment on a day, each of one flag")
    refetch_spread_seconds: float = suppose(5, "over how many seconds browsers spread what they ask for after a change")
    notification_bytes: float = suppose(150, "the event that tells a browser to ask again")
    backend_requests_per_session: float = suppose(40, "requests of a visit to the product's own backend")
    services: float = suppose(10, "kinds of processes with an SDK")
    services_per_request: float = suppose(3, "of these, how many a request passes through")
    requests_per_process: float = suppose(50, "requests that a process handles in a second at the peak")
    least_processes: float = suppose(3, "processes of a service, however little it does")
    deployments_per_day: float = suppose(
        4, "how often a service is deployed on a day; each of its processes starts anew"
    )
    process_drops_per_day: float = suppose(2, "how often a process's stream is cut on a day, besides")
    packet_bytes: float = suppose(1_400, "payload of a packet")
    packet_overhead_bytes: float = suppose(74, "what IP, TCP and a TLS record add to a packet")
    handshake_bytes: float = suppose(4_500, "what a server sends for a new TLS connection, mostly its certificates")
    node_cores: float = suppose(2, "cores of a node")
    node_gigabytes: float = suppose(4, "memory of a node")
    node_streams: float = suppose(10_000, "streams that a node takes (`--max-streams`)")
    utilisation: float = suppose(0.5, "share of a node's cores and memory that may be used at the peak of the day")
    burst_utilisation: float = suppose(0.8, "the same for the seconds after a change")
    spare_nodes: float = suppose(1, "nodes beyond those, for one that fails or is being replaced")


def changed(assumptions: Assumptions, changes: dict[str, float]) -> Assumptions:
    """The same with other values; an unknown name or an impossible value is an error."""
    known = {each.name for each in fields(Assumptions)}
    for name, value in changes.items():
        if name not in known:
            raise ValueError(f"there is no assumption `{name}`; there are: {', '.join(sorted(known))}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise ValueError(f"`{name}` must be a number of at least 0, not `{value}`")
    result = replace(assumptions, **changes)
    if result.peak_to_mean < 1:
        raise ValueError("`peak_to_mean` must be at least 1")
    return result


def explained() -> list[tuple[str, float, str]]:
    """Name, default and meaning of each."""
    return [(each.name, float(each.default), each.metadata["about"]) for each in fields(Assumptions)]  # type: ignore[arg-type]
