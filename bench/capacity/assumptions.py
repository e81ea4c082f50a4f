"""The assumptions of the simulation, by name."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

Json = Any


def suppose(default: float, about: str) -> Json:
    """A field with a description, which the page shows."""
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True)
class Assumptions:
    """One installation and its users."""

    daily_users: float = suppose(1_000_000, "users of the product on a day")
    peak_to_mean: float = suppose(
        2.0, "ratio of the busiest minute of the day to the mean minute (users of one country; 1 is a flat day)"
    )
    sessions_per_user: float = suppose(3, "visits of a user on a day")
    session_minutes: float = suppose(10, "mean time for which a visit keeps a tab open")
    page_loads_per_session: float = suppose(2, "pages that a browser loads in a visit; 1 is a single-page application")
    foreground_share: float = suppose(0.4, "share of that time in which the tab is in front")
    hidden_streams: float = suppose(1, "share of hidden tabs that keep their stream; our SDKs keep it")
    returns_per_session: float = suppose(
        2, "how often in a visit a tab returns to the front, and opens its stream again if it had closed it"
    )
    browser_drops_per_hour: float = suppose(
        2, "how often a browser's stream is interrupted: sleep, another network, a proxy"
    )
    flags: float = suppose(200, "flags of the environment")
    client_side_share: float = suppose(0.3, "share of the flags that are marked `clientSide`")
    changes_per_day: float = suppose(30, "changes of flags in the environment on a day, each of one flag")
    refetch_spread_seconds: float = suppose(5, "seconds over which browsers spread their requests after a change")
    notification_bytes: float = suppose(150, "the event that notifies a browser to evaluate again")
    backend_requests_per_session: float = suppose(40, "requests of a visit to the product's own backend")
    services: float = suppose(10, "kinds of processes with an SDK")
    services_per_request: float = suppose(3, "number of services that handle a request")
    requests_per_process: float = suppose(50, "requests a second that a process handles at the peak")
    min_processes: float = suppose(3, "minimum number of processes of a service")
    deployments_per_day: float = suppose(4, "deployments of a service on a day; each restarts all its processes")
    process_drops_per_day: float = suppose(
        2, "interruptions of a process's stream on a day, in addition to deployments"
    )
    packet_bytes: float = suppose(1_400, "payload of a packet")
    packet_overhead_bytes: float = suppose(74, "overhead of IP, TCP and a TLS record for each packet")
    handshake_bytes: float = suppose(
        4_500, "bytes that a server sends for a new TLS connection, mostly its certificates"
    )
    node_cores: float = suppose(2, "cores of a node")
    node_gigabytes: float = suppose(4, "memory of a node")
    node_streams: float = suppose(10_000, "streams of a node (`--max-streams`)")
    utilisation: float = suppose(0.5, "share of a node's cores and memory that may be used at the peak of the day")
    burst_utilisation: float = suppose(0.8, "the same for the seconds after a change")
    spare_nodes: float = suppose(1, "additional nodes, for one that fails or is being replaced")


def changed(assumptions: Assumptions, changes: dict[str, float]) -> Assumptions:
    """A copy with other values; an unknown name or an impossible value is an error."""
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
    """Name, default and description of each assumption."""
    return [(each.name, float(each.default), each.metadata["about"]) for each in fields(Assumptions)]  # type: ignore[arg-type]
