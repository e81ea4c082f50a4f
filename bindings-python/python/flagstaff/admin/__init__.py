"""The admin API of a server: flags, overrides, the audit, keys and access tokens.

    from flagstaff import Admin

    admin = Admin("http://127.0.0.1:8080", "fs_admin_…")
    admin.flags.create("new-checkout", {"enabled": True, "rolloutPercentage": 25})
    admin.wait_for_convergence(timeout=10)

`Admin` needs an access token and sends a request for each call; programs that evaluate flags use `flagstaff.Client`
and an SDK key.
"""

from flagstaff.admin._admin import Admin
from flagstaff.admin._connection import AdminError
from flagstaff.admin._credentials import Keys, Tokens
from flagstaff.admin._flags import Flags
from flagstaff.admin._overrides import Overrides, OverrideValue
from flagstaff.admin._types import (
    AccessKey,
    AuditDifference,
    AuditRecord,
    Convergence,
    FieldError,
    Flag,
    FlagBody,
    InstanceItem,
    Loaded,
    Override,
    SigningSecret,
)

__all__ = [
    "AccessKey",
    "Admin",
    "AdminError",
    "AuditDifference",
    "AuditRecord",
    "Convergence",
    "FieldError",
    "Flag",
    "FlagBody",
    "Flags",
    "InstanceItem",
    "Keys",
    "Loaded",
    "Override",
    "OverrideValue",
    "Overrides",
    "SigningSecret",
    "Tokens",
]
