"""Code for schemathesis: serialisers, and which of the bodies that several operations have in common are sent."""

from collections import Counter

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import CoveragePhaseData

ENVIRONMENT = "/api/v1/projects/{project}/environments/{environment}"
# The bodies of these are, or contain, those of `PUT …/flags/{key}` and `PUT …/segments/{key}`: thousands, one for each
# operator and each way in which a condition can be wrong. All are sent to `PUT`, and one of ten to each of these.
REPEATED = {
    f"POST {ENVIRONMENT}/flags",
    f"POST {ENVIRONMENT}/segments",
    f"PATCH {ENVIRONMENT}/segments/{{key}}",
    f"PUT {ENVIRONMENT}/document",
}
SENT = 10

bodies: Counter[str] = Counter()


@schemathesis.hook
def filter_case(_context: schemathesis.HookContext, case: schemathesis.Case) -> bool:
    """Whether a case is sent."""
    label, data = case.operation.label, case.meta.phase.data if case.meta else None
    if label not in REPEATED or not isinstance(data, CoveragePhaseData):
        return True
    if data.parameter_location != ParameterLocation.BODY:
        return True
    bodies[label] += 1
    return bodies[label] % SENT == 1


@schemathesis.serializer("application/x-ndjson")
def lines(_context: schemathesis.SerializationContext, value: object) -> bytes:
    """Send a body of lines as text."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@schemathesis.deserializer("application/x-ndjson", "application/openmetrics-text")
def text(_context: object, response: object) -> object:
    """Read a response of lines as text."""
    return response.text  # type: ignore[attr-defined]
