"""The older scenarios of OpenFeature, which its specification still contains."""

import pytest
from openfeature_suite import SUITE, read_value
from pytest_bdd import parsers, scenarios, then, when

if not SUITE.is_dir():
    pytest.skip(f"no OpenFeature suite at {SUITE}", allow_module_level=True)

scenarios(str(SUITE / "evaluation.feature"))


@when(
    parsers.re(
        'an? (?P<kind>\\w+) flag with key "(?P<key>.*?)" is evaluated with (details and )?'
        'default value "?(?P<default>.*?)"?$'
    )
)
def old_evaluation(state, kind, key, default):
    state.ask(kind, key, default)
    state.details = state.evaluate()


@when(parsers.parse('an object flag with key "{key}" is evaluated with a null default value'))
@when(parsers.parse('an object flag with key "{key}" is evaluated with details and a null default value'))
def old_object(state, key):
    state.ask("object", key, "null")
    state.details = state.evaluate()


@then(parsers.re('the resolved (?P<kind>boolean|string|integer|float) value should be "?(?P<value>[^"]*)"?$'))
def old_value(state, kind, value):
    assert state.details.value == read_value(kind, value)


@then(
    parsers.re(
        'the resolved (?P<kind>\\w+) details value should be "?(?P<value>[^"]*)"?, '
        'the variant should be "(?P<variant>\\w+)", and the reason should be "(?P<reason>\\w+)"'
    )
)
def old_details(state, kind, value, variant, reason):
    old_value(state, kind, value)
    assert (state.details.variant, state.details.reason) == (variant, reason)


@then(
    parsers.re(
        'the resolved object (details )?value should be contain fields "(?P<names>.*)", with values (?P<values>.*)'
    )
)
def old_fields(state, names, values):
    assert state.details.value == {"showImages": True, "title": "Check out these pics!", "imagesPerPage": 100}
    assert all(name in names for name in state.details.value)
    assert all(str(value).lower() in values.lower() for value in state.details.value.values())


@then(parsers.parse('the variant should be "{variant}", and the reason should be "{reason}"'))
def old_variant(state, variant, reason):
    assert (state.details.variant, state.details.reason) == (variant, reason)


@when(
    parsers.parse(
        'context contains keys "fn", "ln", "age", "customer" with values "{first}", "{last}", {age:d}, "false"'
    )
)
def old_context(state, first, last, age):
    state.context = {"fn": first, "ln": last, "age": age, "customer": False}


@when(parsers.parse('a flag with key "{key}" is evaluated with default value "{default}"'))
def old_with_context(state, key, default):
    state.ask("string", key, default)
    state.details = state.evaluate()


@then(parsers.parse('the resolved string response should be "{value}"'))
def old_response(state, value):
    assert state.details.value == value


@then(parsers.parse('the resolved flag value is "{value}" when the context is empty'))
def old_empty_context(state, value):
    state.context = {}
    assert state.evaluate().value == value


@when(
    parsers.parse(
        'a non-existent string flag with key "{key}" is evaluated with details and a fallback value "{default}"'
    )
)
def old_missing(state, key, default):
    state.ask("string", key, default)
    state.details = state.evaluate()


@when(
    parsers.parse(
        'a string flag with key "{key}" is evaluated as an integer, with details and a fallback value {default}'
    )
)
def old_wrong(state, key, default):
    state.ask("integer", key, default)
    state.details = state.evaluate()


@then(parsers.parse("the default {kind} value should be returned"))
def old_default(state, kind):
    assert state.details.value == state.question[2]


@then(parsers.re('the reason should indicate an error and the error code should indicate .* with "(?P<code>\\w+)"'))
def old_error(state, code):
    assert (state.details.reason, state.details.error_code) == ("ERROR", code)
