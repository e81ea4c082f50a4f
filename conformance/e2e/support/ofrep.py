"""Evaluates flags with OpenFeature's own OFREP client for Python: one line of JSON for each line that names a flag."""

import json
import sys

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext


def main() -> None:
    """Answer `{"flag", "type", "default", "context"}` until standard input ends."""
    url, key = sys.argv[1:]
    api.set_provider_and_wait(OFREPProvider(url, headers_factory=lambda: {"Authorization": f"Bearer {key}"}))
    client = api.get_client()
    for line in sys.stdin:
        asked = json.loads(line)
        attributes = asked["context"]
        context = EvaluationContext(attributes.pop("targetingKey"), attributes)
        evaluate = getattr(client, f"get_{asked['type']}_details")
        details = evaluate(asked["flag"], asked["default"], context)
        answer = {
            "value": details.value,
            "variant": details.variant,
            "reason": details.reason,
            "errorCode": details.error_code,
            "metadata": details.flag_metadata,
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
