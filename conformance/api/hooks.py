"""What schemathesis must be told to speak."""

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(_context: schemathesis.SerializationContext, value: object) -> bytes:
    """A body of lines is text, whatever is on them."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@schemathesis.deserializer("application/x-ndjson", "application/openmetrics-text")
def text(_context: object, response: object) -> object:
    """An answer of lines is told as text."""
    return response.text  # type: ignore[attr-defined]
