"""The package posthog: local evaluation in Python."""

import json
import logging
from pathlib import Path
from typing import Any

from posthog import Posthog

from subject import Subject, User, split


class LocalPosthog(Subject):
    """Without events, and with flags that are set instead of polled."""

    format = "posthog"
    distribution = "posthog"
    boolean = (
        "client.get_feature_flag({flag!r}, key, person_properties=properties,"
        " only_evaluate_locally=True, send_feature_flag_events=False)"
    )
    text = boolean
    every = "client.get_all_flags(key, person_properties=properties, only_evaluate_locally=True)"

    def load(self, document: Path) -> None:
        """A client with the flags of a poll."""
        logging.disable(logging.CRITICAL)
        self.client = Posthog(
            "phc_bench",
            host="http://127.0.0.1:9",
            personal_api_key="phx_bench",
            send=False,
            disable_geoip=True,
            enable_local_evaluation=False,
        )
        self.client.feature_flags = json.loads(document.read_text(encoding="utf-8"))["flags"]

    def names(self, user: User) -> dict[str, Any]:
        """The key and the properties; W4 reads the key as property `uid`."""
        key, properties = split(user)
        return {"key": key, "properties": {**properties, "uid": key}}
