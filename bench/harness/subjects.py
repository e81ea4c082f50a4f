"""The measured SDKs, and the targets for ours."""

from __future__ import annotations

from dataclasses import dataclass

CELLS = ("W1", "W2", "W3", "W4", "W5", "load", "memory")


@dataclass(frozen=True)
class Subject:
    """One SDK in one language."""

    #: Its name in the worker
    name: str
    #: Its name in the report
    title: str
    #: For a peer, the package whose locked version the report shows
    package: str = ""
    #: Its module in `formats`
    format: str = "flagstaff"
    cells: tuple[str, ...] = CELLS
    #: The vendor whose flags it imports; then it is our SDK with these flags, which is `worker` in the worker
    vendor: str = ""
    worker: str = "flagstaff"

    @property
    def is_peer(self) -> bool:
        """Whether it is another system's SDK."""
        return self.package != ""


@dataclass(frozen=True)
class Row:
    """One of our SDKs, with the highest allowed ratio to the best peer in each cell."""

    subject: str
    title: str
    targets: dict[str, float]
    note: str = ""
    #: The only peer with which it is compared, if not with the best one
    peer: str = ""


@dataclass(frozen=True)
class Language:
    """The subjects of one language, and the rows of the report."""

    name: str
    title: str
    subjects: tuple[Subject, ...]
    rows: tuple[Row, ...]
    #: Number of processes, one after another, in which each subject is timed: the code of a just-in-time compiler
    #: differs from process to process.
    starts: int = 1


SINGLE = ("W1", "W2", "W3", "W4")
CALLS = (*SINGLE, "W5")


def targets(*highest: float) -> dict[str, float]:
    """The target of each cell, in the order of the cells."""
    return dict(zip(CELLS, highest, strict=False))


def imported(vendor: str, title: str, worker: str = "flagstaff") -> Subject:
    """Our SDK with the flags of a vendor that is a peer in the same language."""
    name = f"flagstaff, imported from {title}"
    return Subject(f"imported-{vendor}", name, cells=CALLS, vendor=vendor, worker=worker)


def imported_row(vendor: str, language: str, title: str) -> Row:
    """Imported flags, compared with the vendor's own SDK."""
    half = targets(*[1 / 2] * len(SINGLE))
    return Row(f"imported-{vendor}", f"{language}, imported from {title}", half, peer=vendor)


RUST = Language(
    "rust",
    "Rust",
    (
        Subject("flagstaff", "flagstaff::Client"),
        Subject("flagstaff-core", "our engine alone"),
        imported("unleash", "Unleash"),
        imported("eppo", "Eppo"),
        imported("launchdarkly", "LaunchDarkly"),
        Subject("unleash", "Unleash Yggdrasil", "unleash-yggdrasil", "unleash"),
        Subject("eppo", "Eppo", "eppo_core", "eppo"),
        Subject("launchdarkly", "LaunchDarkly", "launchdarkly-server-sdk-evaluation", "launchdarkly"),
    ),
    (
        Row("flagstaff", "Rust", targets(1 / 3, 1 / 3, 1 / 3, 1 / 2, 1 / 4, 1 / 2, 1 / 2)),
        Row("flagstaff-core", "Rust, the engine alone", {}, "no clock and no client around it"),
        imported_row("unleash", "Rust", "Unleash"),
        imported_row("eppo", "Rust", "Eppo"),
        imported_row("launchdarkly", "Rust", "LaunchDarkly"),
    ),
)

PYTHON = Language(
    "python",
    "Python",
    (
        Subject("flagstaff", "flagstaff, prepared"),
        Subject("flagstaff-plain", "flagstaff, a plain dict", cells=CALLS),
        imported("eppo", "Eppo"),
        imported("flagsmith", "Flagsmith"),
        Subject("eppo", "Eppo", "eppo-server-sdk", "eppo"),
        Subject("statsig", "Statsig", "statsig-python-core", "statsig"),
        Subject("flagsmith", "Flagsmith", "flagsmith-flag-engine", "flagsmith"),
        Subject("posthog", "PostHog", "posthog", "posthog"),
    ),
    (
        Row("flagstaff", "Python, prepared context", targets(1 / 5, 1 / 5, 1 / 4, 1 / 8, 1 / 6, 1 / 2, 1 / 2)),
        Row("flagstaff-plain", "Python, a plain dict each time", targets(1 / 5, 1 / 3, 1 / 2, 1 / 6)),
        imported_row("eppo", "Python", "Eppo"),
        imported_row("flagsmith", "Python", "Flagsmith"),
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
        imported("flagd", "flagd"),
        imported("launchdarkly", "LaunchDarkly"),
        imported("growthbook", "GrowthBook", "flagstaff-id"),
        Subject("flagd", "flagd", "@openfeature/flagd-core", "flagd"),
        Subject("launchdarkly", "LaunchDarkly", "@launchdarkly/node-server-sdk", "launchdarkly"),
        Subject("growthbook", "GrowthBook", "@growthbook/growthbook", "growthbook"),
    ),
    (
        Row("flagstaff", "Node, prepared context", targets(1 / 2, 1 / 2, 1 / 3, 1 / 4, 1 / 3, 1, 1)),
        Row("flagstaff-plain", "Node, a plain object each time", targets(1 / 2, 1 / 2, 1 / 2, 1 / 3)),
        Row("flagstaff-wasm", "Node, WebAssembly, prepared context", {}, "the engine where no addon fits"),
        Row("flagstaff-wasm-plain", "Node, WebAssembly, a plain object", {}),
        imported_row("flagd", "Node", "flagd"),
        imported_row("launchdarkly", "Node", "LaunchDarkly"),
        imported_row("growthbook", "Node", "GrowthBook"),
    ),
    starts=3,
)

LANGUAGES = {language.name: language for language in (RUST, PYTHON, NODE)}
