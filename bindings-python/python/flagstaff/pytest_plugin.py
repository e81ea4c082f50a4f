"""The pytest plugin: a fixture, a marker and an option that set flags for a test.

    def test_new_nav(flags, client):
        flags["new-nav"] = True
        assert "New" in client.get("/").text

    @pytest.mark.flags({"new-nav": True})
    def test_with_a_marker(): ...

    pytest --flag new-nav=on --flag page-size=20

While a test uses one of them, every integration (`flagstaff.contrib`, `flagstaff.current_flags`) reads its flags from
the test, and opens no connection. Clients that a program made itself serve the values that the test sets, too
(`flagstaff.override`), in the thread or task of the test. Without them, the plugin does nothing.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flagstaff.testing import FlagValue, InMemoryClient

_SWITCHES = {"on": True, "true": True, "off": False, "false": False}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--flag KEY=VALUE`."""
    parser.getgroup("flagstaff").addoption(
        "--flag",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="set a feature flag for all tests, such as new-nav=on; on, off, or JSON, or else a text",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker, and refuse options that cannot be read."""
    config.addinivalue_line("markers", 'flags({"key": value}): feature flags for this test')
    try:
        _options(config)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.fixture
def flags(request: pytest.FixtureRequest) -> "Iterator[InMemoryClient]":
    """Return the flags of this test, in memory: set them with `flags["new-nav"] = True`."""
    # Imported only by tests that use it: every run of pytest loads this module.
    from flagstaff._test_flags import flags_of_test  # noqa: PLC0415

    values = _options(request.config)
    # Markers of the function come before those of its class and module.
    for marker in reversed(list(request.node.iter_markers("flags"))):
        for given in marker.args:
            values |= given
    with flags_of_test(values) as client:
        yield client


@pytest.fixture(autouse=True)
def _flags_of_option_and_marker(request: pytest.FixtureRequest) -> None:
    """Use the fixture in tests that do not name it."""
    if request.config.getoption("flag") or request.node.get_closest_marker("flags"):
        request.getfixturevalue("flags")


def _options(config: pytest.Config) -> "dict[str, FlagValue]":
    values: dict[str, FlagValue] = {}
    for text in config.getoption("flag") or []:
        key, equals, value = text.partition("=")
        if not key or not equals:
            message = f"--flag {text}: expected KEY=VALUE, such as new-nav=on"
            raise ValueError(message)
        values[key] = _value(value)
    return values


def _value(text: str) -> "FlagValue":
    if text in _SWITCHES:
        return _SWITCHES[text]
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if value is None else value
