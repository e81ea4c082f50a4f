"""What type checkers see of the admin API; mypy reads it, and nothing runs it."""

from collections.abc import Iterator
from typing import Literal

from flagstaff import Admin, AdminError
from flagstaff.admin import AccessKey, AuditRecord, Convergence, Flag, FlagBody, Loaded, Override, SigningSecret
from typing_extensions import assert_type


def flags(admin: Admin) -> None:
    """Bodies and flags are typed dicts."""
    body: FlagBody = {"enabled": True, "rolloutPercentage": 25, "withoutUser": True}
    assert_type(admin.flags.create("a", body), Flag)
    admin.flags.create("a", {"type": "string", "enabled": True, "variants": {"x": "y"}, "serve": {"variant": "x"}})
    admin.flags.create("a", {"percentage": 25})  # type: ignore[arg-type]
    assert_type(admin.flags.list(search="a"), Iterator[Flag])
    flag = admin.flags.get("a")
    assert_type(flag["version"], int)
    assert_type(flag["type"], Literal["boolean", "string", "number", "object"])
    admin.flags.update("a", {"description": None}, if_match=flag["version"])
    admin.flags.roll_out("a", 12.5)


def others(admin: Admin) -> None:
    """Everything else."""
    assert_type(admin.overrides.add("a", "user", "u1", {"patch": {"b": 1}}), Override)
    admin.overrides.add("a", "user", "u1", "perhaps")  # type: ignore[arg-type]
    assert_type(admin.overrides.load("a", [{"level": "user", "contextKey": "u1", "value": "include"}]), Loaded)
    assert_type(admin.audit(flag="a"), Iterator[AuditRecord])
    assert_type(admin.keys.create("page", "client", origins=["https://app.example"]), AccessKey)
    assert_type(admin.keys.create_secret("id"), SigningSecret)
    admin.tokens.create("ci", "owner")  # type: ignore[arg-type]
    assert_type(admin.wait_for_convergence(timeout=1), Convergence)


def errors(error: AdminError) -> None:
    """What an error says."""
    assert_type(error.status, int)
    assert_type(error.pointers, tuple[str, ...])
    assert_type([row["message"] for row in error.errors], list[str])
