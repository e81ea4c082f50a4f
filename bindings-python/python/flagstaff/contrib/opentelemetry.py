"""Events of OpenTelemetry for evaluations, with the names of its semantic conventions for feature flags.

    from flagstaff import Client
    from flagstaff.contrib.opentelemetry import record_evaluation

    client = Client(url, key, on_evaluation=record_evaluation)

Each evaluation adds an event `feature_flag.evaluation` to the current span, if that span is recorded. It needs the
package `opentelemetry-api`.
"""

from typing import Any, TypeAlias

from opentelemetry.trace import get_current_span

from flagstaff import Context, EvaluationDetails
from flagstaff._scopes import as_dict

__all__ = ["evaluation_attributes", "record_evaluation"]

_Attributes: TypeAlias = dict[str, str | bool | int | float]

EVENT = "feature_flag.evaluation"
PROVIDER = "flagstaff"


def record_evaluation(details: EvaluationDetails[Any], context: Context | None) -> None:
    """Add an event to the current span: the `on_evaluation` of a client."""
    span = get_current_span()
    if span.is_recording():
        span.add_event(EVENT, evaluation_attributes(details, context))


def evaluation_attributes(details: EvaluationDetails[Any], context: Context | None) -> _Attributes:
    """Return the attributes of the event, by appendix D of OpenFeature's specification."""
    attributes: _Attributes = {
        "feature_flag.key": details.flag_key,
        "feature_flag.result.reason": details.reason.lower(),
        "feature_flag.provider.name": PROVIDER,
    }
    metadata = details.flag_metadata
    key = None if context is None else as_dict(context).get("targetingKey")
    optional = {
        "feature_flag.result.variant": details.variant,
        "feature_flag.context.id": metadata.get("contextId", None if key is None else str(key)),
        "feature_flag.set.id": metadata.get("flagSetId"),
        "feature_flag.version": metadata.get("version"),
    }
    if details.variant is None and isinstance(details.value, bool | int | float | str):
        optional["feature_flag.result.value"] = details.value
    if details.error_code is not None:
        optional["error.type"] = details.error_code.lower()
        optional["error.message"] = details.error_message
    return attributes | {name: value for name, value in optional.items() if value is not None}
