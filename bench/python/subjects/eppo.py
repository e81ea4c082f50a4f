"""The package eppo-server-sdk: PyO3 over eppo_core; it has no call for all flags."""

from pathlib import Path
from typing import Any

import eppo_client
from eppo_client import AssignmentLogger, ClientConfig, Configuration

from subject import Subject, User, split


class Eppo(Subject):
    """Without polling, and with a logger that discards everything."""

    format = "eppo"
    distribution = "eppo-server-sdk"
    boolean = "client.get_boolean_assignment({flag!r}, key, attributes, False)"
    text = "client.get_string_assignment({flag!r}, key, attributes, '')"
    every = (
        "{flag: client.get_string_assignment(flag, key, attributes, '') if kind == 'W3'"
        " else client.get_boolean_assignment(flag, key, attributes, False) for flag, kind in flags}"
    )

    def load(self, document: Path) -> None:
        """A client with its own configuration."""
        self.client = eppo_client.init(
            ClientConfig(
                api_key="bench",
                base_url="http://127.0.0.1:9",
                assignment_logger=AssignmentLogger(),
                poll_interval_seconds=None,
                initial_configuration=Configuration(flags_configuration=document.read_bytes()),
            )
        )

    def names(self, user: User) -> dict[str, Any]:
        """The key and the attributes; W4 reads the key as attribute `id`, which the SDK supplies."""
        key, attributes = split(user)
        return {"key": key, "attributes": attributes}
