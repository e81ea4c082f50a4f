"""The tables of docs/capacity.md; each is a block of the page, marked with its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import storm
from assumptions import explained
from figures import gigabytes, percent, plain, row, short
from measurements import getters_table, latency_table, measured_table, node_table
from prices import DAYS_OF_A_MONTH, PRICES_OF, PROVIDERS
from scene import Scene
from sizing import size
from traffic import MICRO, SECONDS, Flow, Load

USERS = (10_000, 100_000, 1_000_000, 10_000_000)
# Assumptions that are changed one at a time.
VARIATIONS: tuple[tuple[str, dict[str, float]], ...] = (
    ("as assumed", {}),
    ("a single-page application", {"page_loads_per_session": 1.0}),
    ("ten page loads in a visit", {"page_loads_per_session": 10.0}),
    ("hidden tabs close their stream", {"hidden_streams": 0.0}),
    ("tabs stay open for an hour", {"session_minutes": 60.0}),
    ("a thousand flags", {"flags": 1_000.0}),
    ("300 changes a day", {"changes_per_day": 300.0}),
    ("100,000 streams a node", {"node_streams": 100_000.0}),
)
OUTAGES = (0.5, 5.0, 60.0)


def assumptions_table(scene: Scene) -> Iterator[str]:
    """Every assumption with its value."""
    yield "| assumption | value | meaning |"
    yield "|---|---|---|"
    for name, _, about in explained():
        yield f"| `{name}` | {plain(getattr(scene.assumptions, name))} | {about} |"


def assumed(scene: Scene) -> Iterator[str]:
    """The most important assumptions, in a sentence."""
    a = scene.assumptions
    yield (
        f"Assumed: {plain(a.sessions_per_user)} visits a day for each user, of {plain(a.session_minutes)} minutes and"
        f" {plain(a.page_loads_per_session)} page loads each; a peak of {plain(a.peak_to_mean)} times the mean;"
        f" {plain(a.flags)} flags, {percent(a.client_side_share)} of them `clientSide`,"
        f" {plain(a.changes_per_day)} changes a day;"
        f" {plain(a.backend_requests_per_session)} requests in a visit to {plain(a.services)} services of your own."
        " [All assumptions](#assumptions)."
    )


def summary_table(scene: Scene) -> Iterator[str]:
    """The cost of a day with `daily_users`."""
    months = " | ".join(f"a month at {provider.name}" for provider in PROVIDERS)
    yield (
        f"| {short(scene.assumptions.daily_users)} users a day | streams at the peak "
        "| requests a second: mean, peak, after a change | egress a day | memory "
        f"| cores: mean, peak, after a change | nodes | {months} |"
    )
    yield "|---|---|---|---|---|---|---|" + "---|" * len(PROVIDERS)
    for assumptions, load in scene.loads():
        found = size(load, assumptions, scene.measured)
        requests = (load.requests_per_day / SECONDS, load.peak_requests_per_second, load.burst_requests_per_second)
        cores = (load.mean_cores, load.peak_cores, load.burst_cores)
        yield row(
            load.shape,
            short(load.peak_streams),
            ", ".join(map(short, requests)),
            gigabytes(load.egress_bytes_per_day),
            gigabytes(found.memory_bytes),
            ", ".join(map(short, cores)),
            f"{found.nodes}",
            *money(load, found.nodes),
        )


def users_table(scene: Scene) -> Iterator[str]:
    """The cost for other numbers of users."""
    yield (
        "| users a day | shape | streams | requests a second | egress a month | cores "
        f"| nodes, and the bound | {' | '.join(provider.name for provider in PROVIDERS)} |"
    )
    yield "|---|---|---|---|---|---|---|" + "---|" * len(PROVIDERS)
    for users in USERS:
        for number, (assumptions, load) in enumerate(scene.loads(daily_users=users)):
            found = size(load, assumptions, scene.measured)
            yield row(
                short(users) if number == 0 else "",
                load.shape,
                short(load.peak_streams),
                short(max(load.peak_requests_per_second, load.burst_requests_per_second)),
                gigabytes(load.egress_bytes_per_day * DAYS_OF_A_MONTH),
                short(max(load.peak_cores, load.burst_cores)),
                f"{found.nodes}: {found.decided_by}",
                *money(load, found.nodes),
            )


def reasons_table(scene: Scene) -> Iterator[str]:
    """The causes of traffic."""
    yield "| shape | cause | times a day | bytes each | egress | CPU time |"
    yield "|---|---|---|---|---|---|"
    for _, load in scene.loads():
        cpu = load.mean_cores * SECONDS
        for number, flow in enumerate(sorted(load.flows, key=by_egress, reverse=True)):
            yield row(
                load.shape if number == 0 else "",
                flow.name,
                short(flow.per_day),
                short(flow.egress_bytes),
                percent(flow.per_day * flow.egress_bytes / load.egress_bytes_per_day),
                percent(flow.per_day * flow.cpu_seconds / cpu) if cpu else "",
            )


def by_egress(flow: Flow) -> float:
    """Egress of a flow on a day."""
    return flow.per_day * flow.egress_bytes


def variations_table(scene: Scene) -> Iterator[str]:
    """The effect of changing one assumption."""
    shapes = [load.shape for _, load in scene.loads()]
    yield (
        f"| {short(scene.assumptions.daily_users)} users a day, a month at {PROVIDERS[0].name} (nodes) | "
        + " | ".join(shapes)
        + " |"
    )
    yield "|---|" + "---|" * len(shapes)
    for name, changes in VARIATIONS:
        cells = []
        for assumptions, load in scene.loads(**changes):
            nodes = size(load, assumptions, scene.measured).nodes
            cells.append(f"{money(load, nodes)[0]} ({nodes})")
        yield row(name, *cells)


def storm_table(scene: Scene) -> Iterator[str]:
    """Reconnections after a restart of a full node."""
    assumptions = scene.assumptions
    clients = int(assumptions.node_streams)
    cost = scene.measured.sized("open_cpu_microseconds", assumptions.flags) * MICRO
    per_second = assumptions.node_cores * assumptions.burst_utilisation / cost
    yield (
        f"| {clients:,} streams of one node | downtime | maximum attempts in a second "
        "| 99 % back after | all back after |"
    )
    yield "|---|---|---|---|---|"
    cases: list[tuple[str, Callable[[float], storm.Storm]]] = [
        ("shut down (goodbye)", lambda outage: storm.after_goodbye(clients, outage, per_second)),
        ("killed", lambda outage: storm.after_crash(clients, outage, per_second)),
        (
            "killed, clients without jitter",
            lambda outage: storm.after_crash(clients, outage, per_second, delay=storm.without_jitter),
        ),
    ]
    for name, run in cases:
        for number, outage in enumerate(OUTAGES):
            found = run(outage)
            times = (f"{value:.1f} s" for value in (found.until_99_percent, found.until_all))
            yield row(name if number == 0 else "", f"{plain(outage)} s", f"{found.peak_per_second:,}", *times)
    yield ""
    yield f"The node opens up to {short(per_second)} streams a second; times count from its restart."


def prices_table(_scene: Scene) -> Iterator[str]:
    """The list prices."""
    yield f"| as of {PRICES_OF} | node | price a month | egress |"
    yield "|---|---|---|---|"
    for provider in PROVIDERS:
        tiers = []
        for up_to, price in provider.tiers:
            bound = "beyond" if up_to == float("inf") else f"to {short(up_to)} GB"
            tiers.append(f"{bound} {provider.currency}{price:g} a GB")
        yield row(
            f"{provider.name}, {provider.place}",
            provider.node,
            f"{provider.currency}{provider.node_month:.2f}",
            "; ".join(tiers),
        )


def money(load: Load, nodes: int) -> list[str]:
    """The price of a month at each provider."""
    return [f"{provider.currency}{short(provider.month(nodes, load.egress_bytes_per_day))}" for provider in PROVIDERS]


BLOCKS: dict[str, Callable[[Scene], Iterator[str]]] = {
    "assumed": assumed,
    "summary": summary_table,
    "users": users_table,
    "reasons": reasons_table,
    "variations": variations_table,
    "node": node_table,
    "storm": storm_table,
    "latency": latency_table,
    "getters": getters_table,
    "measured": measured_table,
    "assumptions": assumptions_table,
    "prices": prices_table,
}
