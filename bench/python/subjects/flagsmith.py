"""The package flagsmith-flag-engine: it evaluates whole environments, so W1 to W4 have one each."""

import json
from pathlib import Path
from typing import Any

from flag_engine.engine import get_evaluation_result

from subject import Json, Subject, User, split


class Flagsmith(Subject):
    """Loading only parses the JSON."""

    format = "flagsmith"
    distribution = "flagsmith-flag-engine"
    boolean = "evaluate(of[{flag!r}])['flags'][{flag!r}]['enabled']"
    text = "evaluate(of[{flag!r}])['flags'][{flag!r}]['value']"
    every = "evaluate(whole)['flags']"

    def load(self, document: Path) -> None:
        """The environment."""
        self.client = json.loads(document.read_text(encoding="utf-8"))

    def names(self, user: User) -> dict[str, Any]:
        """The environment with the user in it, whole and by flag."""
        key, traits = split(user)
        whole = {**self.client, "identity": {"identifier": key, "key": key, "traits": traits}}
        names: dict[str, Any] = {"evaluate": get_evaluation_result, "whole": whole}
        if "w1" in self.client["features"]:
            names["of"] = {flag: only(whole, flag) for flag in self.client["features"]}
        return names

    def read(self, answer: Json) -> Json:
        """A flag with a value is a string flag."""
        return answer["enabled"] if answer["value"] is None else answer["value"]


def only(whole: dict[str, Any], flag: str) -> dict[str, Any]:
    """The environment with one flag and its segments."""
    segments = {
        name: segment
        for name, segment in whole["segments"].items()
        if any(override["key"] == flag for override in segment["overrides"])
    }
    return {**whole, "features": {flag: whole["features"][flag]}, "segments": segments}
