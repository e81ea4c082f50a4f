"""OpenFeature's own scenarios for providers, with the real client."""

import asyncio

import pytest
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagEvaluationOptions
from openfeature_suite import SUITE, ContextHook, RecordingHook, read_value, split_names
from pytest_bdd import given, parsers, scenarios, then, when

if not SUITE.is_dir():
    pytest.skip(f"no OpenFeature suite at {SUITE}", allow_module_level=True)

scenarios(*(str(path) for path in sorted(SUITE.glob("*.feature")) if path.name != "evaluation.feature"))


# Evaluations of the newer suite


@given(parsers.re('an? (?P<kind>[A-Za-z]+)-flag with key "(?P<key>.*?)" and a fallback value "(?P<default>.*)"'))
def question(state, kind, key, default):
    state.ask(kind, key, default)


@given(parsers.parse('a context containing a key "{key}", with type "{kind}" and with value "{value}"'))
def context_value(state, key, kind, value):
    state.context[key] = read_value(kind, value)


@given(parsers.parse('a context containing a key "{key}" with null value'))
def context_null(state, key):
    state.context[key] = None


@when("the flag was evaluated with details")
def evaluated(state):
    state.details = state.evaluate()


@when("the flag was evaluated with details asynchronously")
def evaluated_async(state):
    state.details = asyncio.run(state.evaluate(is_async=True))


@then("the evaluation should complete without blocking")
def completed(state):
    assert state.details.error_code is None


@then(parsers.re('the resolved details value should be "(?P<value>.*)"'))
def resolved_value(state, value):
    expected = read_value(state.question[0], value)
    assert state.details.value == expected
    assert type(state.details.value) is type(expected)


@then(parsers.parse('the reason should be "{reason}"'))
def reason(state, reason):
    assert state.details.reason == reason


@then(parsers.parse('the error-code should be "{code}"'))
def error_code(state, code):
    assert state.details.error_code == code


@then(parsers.parse('the flag key should be "{key}"'))
def flag_key(state, key):
    assert state.details.flag_key == key


@then(parsers.parse('the variant should be "{variant}"'))
def variant(state, variant):
    assert state.details.variant == variant


@then("the resolved metadata should contain")
def metadata(state, datatable):
    expected = {key: read_value(kind, value) for key, kind, value in datatable[1:]}
    assert state.details.flag_metadata == expected


@then("the resolved metadata is empty")
def no_metadata(state):
    assert state.details.flag_metadata == {}


# Hooks and immutability


@given("a client with added hook")
def client_hook(state):
    state.client.add_hooks([state.hook])


@given("evaluation options containing specific hooks")
def option_hooks(state):
    second = RecordingHook(state.hook.calls)
    state.options = FlagEvaluationOptions(hooks=[state.hook, second])


@when("the flag was evaluated with details using the evaluation options")
def evaluated_with_options(state):
    state.details = state.evaluate()


@then("the specified hooks should execute during evaluation")
def hooks_ran(state):
    assert {id(hook) for _, hook, _ in state.hook.calls} == {id(hook) for hook in state.options.hooks}


@then("the hook order should be maintained")
def hook_order(state):
    first, second = state.options.hooks
    order = [(stage, hook) for stage, hook, _ in state.hook.calls]
    forward, backward = [first, second], [second, first]
    assert order == [
        *(("before", hook) for hook in forward),
        *(("after", hook) for hook in backward),
        *(("finally_after", hook) for hook in backward),
    ]


@then(parsers.parse('the "{stage}" hook should have been executed'))
def hook_ran(state, stage):
    assert state.hook.of(stage)


@then(parsers.parse('the "{stages}" hooks should be called with evaluation details'))
def hook_details(state, stages, datatable):
    for stage in split_names(stages):
        (details,) = state.hook.of(stage)
        for kind, key, value in datatable[1:]:
            assert getattr(details, key) == read_value(kind, value)


@given("an evaluation context with modifiable data")
def modifiable(state):
    state.context["nested"] = {"list": [1]}


@then("the original evaluation context should remain unmodified")
def unmodified(state):
    assert state.context == {"nested": {"list": [1]}}


@then("the evaluation details should be immutable")
def immutable(state):
    state.details.flag_metadata["added"] = True
    assert state.evaluate().flag_metadata == {}


# Merging of contexts


@given(parsers.parse('A context entry with key "{key}" and value "{value}" is added to the "{level}" level'))
def context_entry(state, key, value, level):
    context = EvaluationContext(attributes={key: value})
    if level == "API":
        api.set_evaluation_context(context)
    elif level == "Transaction":
        api.set_transaction_context(context)
    elif level == "Client":
        state.client.context = context
    elif level == "Invocation":
        state.context = {key: value}
    else:
        state.client.add_hooks([ContextHook(context)])


@given("A table with levels of increasing precedence")
def levels(state, datatable):
    state.levels = [row[0] for row in datatable]


@given(
    parsers.parse(
        'Context entries for each level from API level down to the "{last}" level, with key "{key}" and value "{value}"'
    )
)
def context_entries(state, last, key, value):
    for level in state.levels[: state.levels.index(last) + 1]:
        context_entry(state, key, level, level)


@when("Some flag was evaluated")
def some_evaluation(state):
    state.ask("boolean", "boolean-flag", "false")
    state.evaluate()


@then(parsers.parse('The merged context contains an entry with key "{key}" and value "{value}"'))
def merged_entry(state, key, value):
    assert state.provider.merged.attributes[key] == value
