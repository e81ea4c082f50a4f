"""Properties of the simulation, and that docs/capacity.md contains its tables."""

import math
import socket
import zlib
from dataclasses import fields

import pytest

import storm
from assumptions import Assumptions, changed
from day import MINUTES, curve, present
from figures import short
from inputs import COMMITTED, Measured, read
from prices import AWS, HETZNER
from scene import Scene
from simulate import BLOCK, PAGE, given, page
from sizing import size
from streams import COMMIT, Stream
from tables import BLOCKS
from traffic import SECONDS, SHAPES, Load, browsers, local, remote, servers

MEASURED = read(COMMITTED)
FLAT = changed(Assumptions(), {"peak_to_mean": 1.0, "hidden_streams": 1.0})


def loads(assumptions: Assumptions) -> list[Load]:
    return [shape(assumptions, MEASURED) for shape in SHAPES]


@pytest.mark.parametrize("peak_to_mean", [1.0, 1.2, 2.0, 3.5, 8.0])
def test_a_curve_has_its_mean_and_its_peak(peak_to_mean: float) -> None:
    weights = curve(peak_to_mean)
    assert len(weights) == MINUTES
    assert math.fsum(weights) / MINUTES == pytest.approx(1)
    assert max(weights) == pytest.approx(peak_to_mean, rel=1e-6)
    assert max(weights) == weights[MINUTES // 2]


@pytest.mark.parametrize("peak_to_mean", [1.0, 2.0, 8.0])
@pytest.mark.parametrize("stay", [0.0, 0.5, 10.0, 300.0])
def test_littles_law_holds_for_any_day(peak_to_mean: float, stay: float) -> None:
    arrivals = [7 * weight for weight in curve(peak_to_mean)]
    assert math.fsum(present(arrivals, stay)) / MINUTES == pytest.approx(7 * stay)


def test_on_a_flat_day_as_many_are_there_in_each_minute() -> None:
    assert present([7.0] * MINUTES, 10.0) == pytest.approx([70.0] * MINUTES)


def test_people_who_stay_longer_are_there_later() -> None:
    arrivals = [100.0, *([0.0] * (MINUTES - 1))]
    brief, long = present(arrivals, 5.0), present(arrivals, 50.0)
    assert brief[0] < 100 * 1 and brief[60] < 0.01 < long[60]


def test_the_streams_of_a_flat_day_are_those_of_the_closed_form() -> None:
    a = FLAT
    expected = a.daily_users * a.sessions_per_user * a.session_minutes / MINUTES
    for load in loads(a)[1:]:
        assert load.streams == pytest.approx([expected] * MINUTES)


def test_the_egress_of_a_flat_day_is_that_of_the_closed_form() -> None:
    a = changed(FLAT, {"flags": 200.0, "changes_per_day": 0.0, "browser_drops_per_hour": 0.0})
    load = local(a, MEASURED)
    held = a.daily_users * a.sessions_per_user * a.session_minutes / MINUTES
    payload = MEASURED.sized("transfer_bytes", 60)
    on_the_wire = payload + math.ceil(payload / a.packet_bytes) * a.packet_overhead_bytes + a.handshake_bytes
    beats = held * SECONDS / MEASURED.idle.heartbeat_seconds * (MEASURED.idle.heartbeat_bytes + a.packet_overhead_bytes)
    expected = a.daily_users * a.sessions_per_user * a.page_loads_per_session * on_the_wire + beats
    assert load.egress_bytes_per_day == pytest.approx(expected)


@pytest.mark.parametrize("changes", [{}, {"hidden_streams": 0.0}, {"peak_to_mean": 1.0}])
def test_a_days_totals_are_the_sums_of_its_parts(changes: dict[str, float]) -> None:
    for load in loads(changed(Assumptions(), changes)):
        minutes = [sum(flow.events[minute] for flow in load.flows if flow.is_request) for minute in range(MINUTES)]
        assert load.requests_per_day == pytest.approx(sum(minutes))
        assert load.peak_requests_per_second == pytest.approx(max(minutes) / 60)
        parts = [flow.per_day * flow.egress_bytes for flow in load.flows]
        assert load.egress_bytes_per_day == pytest.approx(math.fsum(parts))
        assert load.mean_cores <= load.peak_cores * (1 + 1e-9)
        assert all(event >= 0 for flow in load.flows for event in flow.events)


def test_a_visit_asks_as_often_as_it_loads_pages() -> None:
    a = Assumptions()
    visits = a.daily_users * a.sessions_per_user
    tabs = browsers(a)
    assert sum(tabs.page_loads) == pytest.approx(visits * a.page_loads_per_session)
    hours = visits * a.session_minutes / 60
    assert sum(tabs.reopened) == pytest.approx(hours * a.browser_drops_per_hour)


def test_hidden_tabs_that_let_go_hold_fewer_streams_and_open_more() -> None:
    held, let_go = browsers(Assumptions()), browsers(changed(Assumptions(), {"hidden_streams": 0.0}))
    assert max(let_go.streams) == pytest.approx(max(held.streams) * Assumptions().foreground_share)
    assert sum(let_go.reopened) > sum(held.reopened)


def test_twice_the_users_are_twice_the_load() -> None:
    once, twice = (loads(changed(Assumptions(), {"daily_users": users})) for users in (1e6, 2e6))
    for one, two in list(zip(once, twice, strict=True))[1:]:
        assert two.egress_bytes_per_day == pytest.approx(2 * one.egress_bytes_per_day)
        assert two.peak_streams == pytest.approx(2 * one.peak_streams)
        assert two.burst_cores == pytest.approx(2 * one.burst_cores)


def test_processes_grow_with_users_from_their_least_number() -> None:
    few, many = (servers(changed(Assumptions(), {"daily_users": users}), MEASURED) for users in (1.0, 1e7))
    assert few.peak_streams == Assumptions().services * Assumptions().min_processes
    busiest = 1e7 * 3 * 40 / SECONDS * 2 * 3 / 50
    assert busiest <= many.peak_streams < busiest + Assumptions().services


def test_each_bound_can_ask_for_nodes() -> None:
    cases = {
        "streams": {"node_streams": 1_000.0},
        "memory": {"node_gigabytes": 0.1, "node_streams": 1e9},
        "processor": {"node_cores": 0.01, "node_streams": 1e9, "refetch_spread_seconds": 1e6},
        "bursts": {"refetch_spread_seconds": 0.01, "node_streams": 1e9},
    }
    for bound, changes in cases.items():
        a = changed(Assumptions(), changes)
        found = size(remote(a, MEASURED), a, MEASURED)
        assert found.decided_by == bound
        assert found.nodes == math.ceil(found.needs[bound]) + a.spare_nodes


def test_a_node_without_room_is_an_error() -> None:
    a = changed(Assumptions(), {"node_gigabytes": 0.0})
    with pytest.raises(ValueError, match="has no memory for streams"):
        size(remote(a, MEASURED), a, MEASURED)


@pytest.mark.parametrize("outage", [0.0, 0.5, 5.0, 60.0])
def test_a_storm_brings_everybody_back_and_is_the_same_each_time(outage: float) -> None:
    for after in (storm.after_crash, storm.after_goodbye):
        first, again = after(2_000, outage, 1_000.0), after(2_000, outage, 1_000.0)
        assert first == again
        assert first != after(2_000, outage, 1_000.0, seed=2)
        assert first.clients == 2_000 <= first.attempts
        assert first.until_99_percent <= first.until_all
        # Not faster than the node works, not later than the longest delay and the queue.
        assert first.until_all >= 2_000 / 1_000 - storm.GOODBYE[1] - storm.GOODBYE_JITTER or outage == 0
        assert first.until_all <= storm.MAX_DELAY + storm.GOODBYE[1] + storm.GOODBYE_JITTER + 2_000 / 1_000


def test_jitter_is_what_keeps_a_storm_low() -> None:
    spread, together = (
        storm.after_crash(2_000, 60.0, 1e6, delay=delay) for delay in (storm.with_jitter, storm.without_jitter)
    )
    assert together.peak_per_second == 2_000
    assert spread.peak_per_second < 400


def test_who_waits_too_long_for_a_slow_node_tries_again() -> None:
    found = storm.after_crash(2_000, 0.0, 50.0)
    assert found.attempts > found.clients
    assert found.until_all >= 2_000 / 50


@pytest.mark.parametrize(("gigabytes", "cost"), [(0, 0), (100, 0), (110, 0.9), (10_340, 921.6), (10_440, 930.1)])
def test_traffic_is_paid_tier_by_tier(gigabytes: float, cost: float) -> None:
    assert AWS.traffic(gigabytes) == pytest.approx(cost)


def test_included_traffic_is_not_paid() -> None:
    day = 40_000e9 / 30
    assert HETZNER.month(2, day) == pytest.approx(2 * HETZNER.node_month)
    assert HETZNER.month(1, day) == pytest.approx(HETZNER.node_month + 20)


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_stream_is_read_out_of_its_chunks_whatever_their_coding(encoding: str) -> None:
    events = [COMMIT + b"\ndata: 1\n\n", b": heartbeat\n\n", COMMIT + b"\ndata: 2\n\n"]
    encoder = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    bodies = [encoder.compress(event) + encoder.flush(zlib.Z_SYNC_FLUSH) for event in events] if encoding else events
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\n\r\n" if encoding else "HTTP/1.1 200 OK\r\nx: y\r\n\r\n"
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stream = Stream(ours)
        sent = head.encode()
        for event, body in zip(events, bodies, strict=True):
            sent += f"{len(body):x}\r\n".encode() + body + b"\r\n"
            # In two parts, so that something is half there.
            theirs.sendall(sent[:20])
            theirs.sendall(sent[20:])
            received = stream.read_until(event.partition(b"\n")[0])
            assert (received, stream.events) == (sent, event)
            sent = b""
        assert stream.encoding() == encoding


def test_figures_between_the_measured_sizes_lie_between_theirs() -> None:
    low, middle, high = MEASURED.sizes
    for field in ("transfer_bytes", "bulk.answer_bytes", "bulk.cpu_microseconds"):
        assert MEASURED.sized(field, low.flags) == pytest.approx(MEASURED.sized(field, low.flags - 1e-9))
        assert (
            MEASURED.sized(field, low.flags) < MEASURED.sized(field, middle.flags) < MEASURED.sized(field, high.flags)
        )
        assert MEASURED.sized(field, 10 * high.flags) > 5 * MEASURED.sized(field, high.flags)


def test_a_measurement_is_read_as_it_is_written() -> None:
    assert MEASURED.to_json() == COMMITTED.read_text(encoding="utf-8")
    assert isinstance(MEASURED, Measured)
    assert not MEASURED.is_quick


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"users_a_day": 1.0}, "no assumption `users_a_day`"),
        ({"flags": -1.0}, "at least 0"),
        ({"flags": float("nan")}, "at least 0"),
        ({"flags": True}, "at least 0"),
        ({"peak_to_mean": 0.5}, "at least 1"),
    ],
)
def test_assumptions_that_make_no_sense_are_named(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        changed(Assumptions(), changes)


def effects(assumptions: Assumptions) -> list[object]:
    """Everything that the simulation says of a day."""
    found = [(load, size(load, assumptions, MEASURED)) for load in loads(assumptions)]
    bursts = [(load.burst_requests_per_second, load.burst_cores) for load, _ in found]
    return [bursts, *((load.peak_streams, load.egress_bytes_per_day, load.peak_cores, needs) for load, needs in found)]


@pytest.mark.parametrize("name", [each.name for each in fields(Assumptions)])
def test_every_assumption_matters(name: str) -> None:
    # Some matter only where hidden tabs let go of their streams.
    base = changed(Assumptions(), {"hidden_streams": 0.5})
    value = float(getattr(base, name))
    assert effects(changed(base, {name: value * 10 + 1})) != effects(base)


def test_the_command_line_goes_before_the_file(tmp_path) -> None:
    file = tmp_path / "ours.json"
    file.write_text('{"flags": 50, "services": 4}', encoding="utf-8")
    assert given(file, ["flags=60"]) == {"flags": 60, "services": 4}
    with pytest.raises(ValueError, match="NAME=VALUE"):
        given(None, ["flags"])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0123, "0.01"),
        (0.53, "0.5"),
        (9.96, "10.0"),
        (12.4, "12"),
        (5_432, "5,432"),
        (41_634, "42k"),
        (999_600, "1M"),
        (6e6, "6M"),
    ],
)
def test_figures_are_short(value: float, text: str) -> None:
    assert short(value) == text


def test_the_page_is_what_the_simulation_says() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert sorted(found[1] for found in BLOCK.finditer(text)) == sorted(BLOCKS)
    assert page(text, Scene(Assumptions(), MEASURED)) == text, "run `python3 bench/capacity/simulate.py --write`"
