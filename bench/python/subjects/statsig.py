"""The package statsig-python-core: PyO3 over statsig-rust. W3 is a dynamic config with one member."""

from pathlib import Path
from typing import Any

from statsig_python_core import DataStore, DataStoreResponse, Statsig, StatsigOptions, StatsigUser

from subject import Json, Subject, User


class Store(DataStore):
    """A data store with one document."""

    def __init__(self, document: str) -> None:
        """`document` is the text of the specs."""
        super().__init__()
        self.document = document

    def initialize(self) -> None:
        """Nothing to open."""

    def shutdown(self) -> None:
        """Nothing to close."""

    def get(self, _key: str) -> DataStoreResponse:
        """The document, for every request."""
        return DataStoreResponse(result=self.document, time=1_767_225_600_000)

    def set(self, _key: str, _value: str, _time: int | None = None) -> None:
        """Nothing is stored."""

    def support_polling_updates_for(self, _key: str) -> bool:
        """The document never changes."""
        return False


class StatsigCore(Subject):
    """Without network and logging of exposures; there is no call that returns the values of all flags."""

    format = "statsig"
    distribution = "statsig-python-core"
    boolean = "client.check_gate(user, {flag!r})"
    text = "client.get_dynamic_config(user, {flag!r}).get_string('v', 'none')"
    every = (
        "{flag: client.get_dynamic_config(user, flag) if kind == 'W3' else client.check_gate(user, flag)"
        " for flag, kind in flags}"
    )

    def load(self, document: Path) -> None:
        """A client that starts from a store."""
        options = StatsigOptions(
            data_store=Store(document.read_text(encoding="utf-8")),
            specs_url="http://127.0.0.1:9",
            log_event_url="http://127.0.0.1:9",
            disable_network=True,
            disable_all_logging=True,
            disable_country_lookup=True,
            enable_id_lists=False,
            fallback_to_statsig_api=False,
            wait_for_user_agent_init=False,
            output_log_level="none",
        )
        self.client = Statsig("secret-bench", options)
        self.client.initialize().wait()

    def close(self) -> None:
        """End its threads."""
        self.client.shutdown().wait()

    def names(self, user: User) -> dict[str, Any]:
        """A user of Statsig; unknown attributes are custom."""
        return {
            "user": StatsigUser(
                user_id=user["userId"],
                email=user["email"],
                country=user["country"],
                app_version=user["appVersion"],
                custom={"plan": user["plan"], "age": user["age"]},
            )
        }

    def read(self, answer: Json) -> Json:
        """A gate is a boolean, a dynamic config has fields."""
        return answer if isinstance(answer, bool) else answer.get_string("v", "none")
