"""What is logged when an evaluation does not go as its caller means it."""

import logging
import sys

from flagstaff import Client


def test_an_error_is_one_warning_for_each_flag_and_cause(client, caplog):
    for _ in range(3):
        client.get_boolean_value("missing", False)
        client.get_string_details("missing", "")
        client.get_integer_value("missing-too", 1)
        client.get_boolean_value("string", False)
        client.for_context()["broken"]
        client.for_context().details("missing", False)
    assert [record.getMessage() for record in caplog.records] == [
        "flag `missing` does not exist; the default is served",
        "flag `missing-too` does not exist; the default is served",
        "flag `string` is of another type than the getter; the default is served",
        "flag `broken` is broken, see `client.issues`; the default is served",
    ]
    assert {(record.name, record.levelname) for record in caplog.records} == {("flagstaff.evaluation", "WARNING")}


def test_before_there_are_flags_the_client_is_not_ready(caplog):
    client = Client("http://127.0.0.1:9", "k")
    for key in ("a", "b"):
        assert client.get_boolean_value(key, True) is True
        details = client.get_boolean_details(key, False)
        assert (details.value, details.error_code, details.reason) == (False, "PROVIDER_NOT_READY", "ERROR")
        assert details.error_message == "no snapshot has arrived yet"
        assert client.for_context().details(key, False).error_code == "PROVIDER_NOT_READY"
    assert [record.getMessage() for record in caplog.records] == [
        "flag `a` was evaluated before the client had flags; defaults are served until it is ready"
    ]


def test_a_program_that_makes_up_keys_does_not_fill_its_log(client, caplog):
    for number in range(2_000):
        client.get_boolean_value(f"flag-{number}", False)
    assert len(caplog.records) == 1_001
    assert caplog.records[-1].getMessage() == "further evaluations with errors are not logged"


def test_a_getter_does_not_raise_when_logging_does(client, monkeypatch):
    class Refuses(logging.Filter):
        def filter(self, _record):
            raise RuntimeError

    unraisable = []
    monkeypatch.setattr(sys, "unraisablehook", lambda hook: unraisable.append(hook.exc_type))
    refuses, logger = Refuses(), logging.getLogger("flagstaff.evaluation")
    logger.addFilter(refuses)
    try:
        assert client.get_boolean_value("missing", True) is True
    finally:
        logger.removeFilter(refuses)
    assert unraisable == [RuntimeError]
