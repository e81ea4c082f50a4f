"""Who is measured, and what ours is held to."""

from __future__ import annotations

from dataclasses import dataclass

CELLS = ("W1", "W2", "W3", "W4", "W5", "load", "memory")


@dataclass(frozen=True)
class Subject:
    """One SDK in one language."""

    #: What its worker calls it
    name: str
    #: What people call it
    title: str
    #: The package whose locked version is shown, for a peer
    package: str = ""
    #: Its module in `formats`
    format: str = "flagstaff"
    cells: tuple[str, ...] = CELLS

    @property
    def is_peer(self) -> bool:
        """Whether it is somebody else's."""
        return self.package != ""


@dataclass(frozen=True)
class Row:
    """One of ours, with the highest ratio to the best peer that is asked of it, cell by cell."""

    subject: str
    title: str
    targets: dict[str, float]
    note: str = ""


@dataclass(frozen=True)
class Language:
    """The subjects of one language, and the rows of the report."""

    name: str
    title: str
    subjects: tuple[Subject, ...]
    rows: tuple[Row, ...]
    #: In how many processes, one after another, each subject is timed: what a just-in-time compiler makes of code
    #: differs from process to process.
    starts: int = 1


SINGLE = ("W1", "W2", "W3", "W4")
CALLS = (*SINGLE, "W5")


def targets(*highest: float) -> dict[str, float]:
    """One target a cell, in the order of the cells."""
    return dict(zip(CELLS, highest, strict=False))


RUST = Language(
    "rust",
    "Rust",
    (
        Subject("flagstaff", "flagstaff::Client"),
        Subject("flagstaff-core", "our engine alone"),
        Subject("unleash", "Unleash Yggdrasil", "unleash-yggdrasil", "unleash"),
        Subject("eppo", "Eppo", "eppo_core", "eppo"),
        Subject("launchdarkly", "LaunchDarkly", "launchdarkly-server-sdk-evaluation", "launchdarkly"),
    ),
    (
        Row("flagstaff", "Rust", targets(1 / 3, 1 / 3, 1 / 3, 1 / 2, 1 / 4, 1 / 2, 1 / 2)),
        Row("flagstaff-core", "Rust, the engine alone", {}, "no clock and no client around it"),
    ),
)

PYTHON = Language(
    "python",
    "Python",
    (
        Subject("flagstaff", "flagstaff, prepared"),
        Subject("flagstaff-plain", "flagstaff, a plain dict", cells=CALLS),
        Subject("eppo", "Eppo", "eppo-server-sdk", "eppo"),
        Subject("statsig", "Statsig", "statsig-python-core", "statsig"),
        Subject("flagsmith", "Flagsmith", "flagsmith-flag-engine", "flagsmith"),
        Subject("posthog", "PostHog", "posthog", "posthog"),
    ),
    (
        Row("flagstaff", "Python, prepared context", targets(1 / 5, 1 / 5, 1 / 4, 1 / 8, 1 / 6, 1 / 2, 1 / 2)),
        Row("flagstaff-plain", "Python, a plain dict each time", targets(1 / 5, 1 / 3, 1 / 2, 1 / 6)),
    ),
)

NODE = Language(
    "node",
    "Node",
    (
        Subject("flagstaff", "flagstaff, prepared"),
        Subject("flagstaff-plain", "flagstaff, a plain object", cells=CALLS),
        Subject("flagstaff-wasm", "flagstaff as WebAssembly, prepared"),
        Subject("flagstaff-wasm-plain", "flagstaff as WebAssembly, a plain object", cells=CALLS),
        Subject("flagd", "flagd", "@openfeature/flagd-core", "flagd"),
        Subject("launchdarkly", "LaunchDarkly", "@launchdarkly/node-server-sdk", "launchdarkly"),
        Subject("growthbook", "GrowthBook", "@growthbook/growthbook", "growthbook"),
    ),
    (
        Row("flagstaff", "Node, prepared context", targets(1 / 2, 1 / 2, 1 / 3, 1 / 4, 1 / 3, 1, 1)),
        Row("flagstaff-plain", "Node, a plain object each time", targets(1 / 2, 1 / 2, 1 / 2, 1 / 3)),
        Row("flagstaff-wasm", "Node, WebAssembly, prepared context", {}, "the engine where no addon fits"),
        Row("flagstaff-wasm-plain", "Node, WebAssembly, a plain object", {}),
    ),
    starts=3,
)

LANGUAGES = {language.name: language for language in (RUST, PYTHON, NODE)}
