"""The pytest plugin, in runs of pytest of its own."""

from importlib.metadata import entry_points

import pytest

TESTS = """
    import asyncio
    import pytest
    from flagstaff import Client, current_flags

    def test_fixture(flags):
        assert current_flags()["new-nav"] is False
        flags["new-nav"] = True
        assert current_flags()["new-nav"] is True

    @pytest.fixture
    def own_client():
        return Client.from_document({"schemaVersion": 1, "flags": {}})

    def test_a_client_of_the_program_has_the_flags_too(flags, own_client):
        flags.update({"new-nav": True, "size": 3})
        assert own_client.get_boolean_value("new-nav", False) is True
        assert own_client.for_context()["new-nav"] is True
        del flags["new-nav"]
        assert own_client.get_boolean_value("new-nav", False) is False
        assert own_client.get_integer_value("size", 0) == 3

    def test_an_asynchronous_test_leaves_nothing(flags, own_client):
        async def set_and_read():
            flags["new-nav"] = True
            return own_client.get_boolean_value("new-nav", False)

        assert asyncio.run(set_and_read()) is True

    def test_nothing_is_left_of_another_test(flags, own_client):
        assert own_client.get_boolean_value("new-nav", False) is False
        assert current_flags()["new-nav"] is False

    @pytest.mark.flags({"new-nav": True, "size": 2})
    class TestMarker:
        def test_of_the_class(self):
            assert current_flags()["new-nav"] is True

        @pytest.mark.flags({"new-nav": False})
        def test_of_the_function_wins(self, flags):
            assert (current_flags()["new-nav"], flags.integer("size", 0)) == (False, 2)
"""
OPTION = """
    from flagstaff import current_flags

    def test_options():
        flags = current_flags()
        values = (flags["new-nav"], flags["old"], flags.integer("size", 0), flags.string("name", ""))
        assert values == (True, False, 20, "two words")
        assert flags.object("shape", {}) == {"a": 1}

    def test_the_fixture_starts_from_the_options(flags):
        flags["old"] = True
        assert (flags["new-nav"], flags["old"]) == (True, True)
"""
GIVEN = ["--flag", "new-nav=on", "--flag", "old=off", "--flag", "size=20"]
GIVEN += ["--flag", "name=two words", "--flag", 'shape={"a": 1}']


pytest_plugins = "pytester"


@pytest.fixture
def run(pytester, monkeypatch):
    """Run pytest on a file, with this plugin and pytest-xdist alone: loading the others takes longer than the tests."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    # The assertions that pytester rewrites are those of the file.
    plugins = ["-p", "flagstaff.pytest_plugin", "-p", "xdist.plugin", "-p", "no:cacheprovider"]

    def run_pytest(text, *arguments):
        pytester.makepyfile(text)
        return pytester.runpytest_subprocess(*plugins, *arguments)

    return run_pytest


def test_an_installed_package_registers_the_plugin():
    registered = {entry.name: entry.value for entry in entry_points(group="pytest11")}
    assert registered["flagstaff"] == "flagstaff.pytest_plugin"


def test_fixture_and_marker(run):
    run(TESTS, "--strict-markers").assert_outcomes(passed=6)


def test_options_of_the_command_line_also_with_several_workers(run):
    run(OPTION, "-n", "2", *GIVEN).assert_outcomes(passed=2)


def test_an_option_that_cannot_be_read_is_an_error_of_usage(run):
    result = run(OPTION, "--flag", "new-nav")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--flag new-nav: expected KEY=VALUE*"])
