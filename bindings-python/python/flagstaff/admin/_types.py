"""The objects of the admin API. Generated from `/api/v1/openapi.json` by `npm run generate --workspace admin`."""

from typing import Any, Literal, TypedDict


class _FieldError(TypedDict):
    message: str
    """What is wrong, and what was expected"""
    pointer: str
    """A JSON pointer into the body, or `?name` for a query parameter"""


class FieldError(_FieldError, total=False):
    """An error at one place of a body or query"""

    line: int | None
    """The line, from 1, if the body consists of JSON texts on lines of their own"""


class _Flag(TypedDict):
    createdAt: str
    enabled: bool
    """If false, the flag serves `offVariant` (EV-10)."""
    key: str
    lastSeenAt: str | None
    """When it was last asked for, here or in an SDK, as far as this node knows"""
    type: Literal["boolean", "string", "number", "object"]
    """The type of its variants."""
    updatedAt: str
    version: int
    """The revision that last changed it: its entity tag"""


class Flag(_Flag, total=False):
    """A flag with what the server says of it"""

    clientSide: bool | None
    """Whether `client-local` keys get the flag."""
    description: str | None
    """A description for people; it has no effect on evaluation."""
    dialect: str | None
    """The vendor whose refused contexts are invalid for the flag (LD-8)."""
    environmentPatch: dict[str, Any] | None
    """Applied to every variant (PT-1)."""
    expiresAt: str | int | None
    """From this instant on the flag serves `offVariant` (EV-11)."""
    jsonSchema: dict[str, Any] | None
    """Of an object flag: a JSON Schema (2020-12) that its variants and overrides must satisfy; it refers to nothing
    outside of itself
    """
    levels: list[str] | None
    """Kinds in order of precedence, most specific first; `user`, `organization`, if absent."""
    metadata: dict[str, bool | float | str] | None
    """Returned with every outcome."""
    name: str | None
    """What people call it; one name in all environments of the project"""
    needs: int | None
    """The lowest version of the language that evaluates it correctly (CMP-6)."""
    offVariant: str | None
    """The variant that is served if nothing else is, and while the flag is off."""
    onVariant: str | None
    """The variant that `include` serves."""
    overrides: dict[str, dict[str, Literal["include", "exclude"] | dict[str, Any]]] | None
    """Results for single contexts, by level and key (EV-20, PT-2)."""
    prerequisites: list[dict[str, Any]] | None
    """Conditions on other flags; if one is not met, the flag serves `offVariant` (EV-12)."""
    rules: list[dict[str, Any]] | None
    """The first rule that applies decides (EV-30)."""
    salt: str | None
    """Input of the flag's hashes; the flag's key, if absent. Never changed after the flag is created (CMP-15)."""
    serve: str | dict[str, Any] | None | None
    """The serve for contexts to which no rule applies; `onVariant`, if absent (CMP-14)."""
    variants: dict[str, Any] | None
    """Its values by name; `on` and `off` of a boolean flag, if absent (CMP-12)."""


class FlagBody(TypedDict, total=False):
    """What a flag is made or replaced with"""

    clientSide: bool | None
    """Whether `client-local` keys get the flag."""
    createdAt: Any
    description: str | None
    """A description for people; it has no effect on evaluation."""
    dialect: str | None
    """The vendor whose refused contexts are invalid for the flag (LD-8)."""
    enabled: bool
    """If false, the flag serves `offVariant` (EV-10)."""
    environmentPatch: dict[str, Any] | None
    """Applied to every variant (PT-1)."""
    expiresAt: str | int | None
    """From this instant on the flag serves `offVariant` (EV-11)."""
    jsonSchema: dict[str, Any] | None
    """Of an object flag: a JSON Schema (2020-12) that its variants and overrides must satisfy; it refers to nothing
    outside of itself
    """
    key: str
    lastSeenAt: Any
    levels: list[str] | None
    """Kinds in order of precedence, most specific first; `user`, `organization`, if absent."""
    metadata: dict[str, bool | float | str] | None
    """Returned with every outcome."""
    name: str | None
    """What people call it; one name in all environments of the project"""
    needs: int | None
    """The lowest version of the language that evaluates it correctly (CMP-6)."""
    offVariant: str | None
    """The variant that is served if nothing else is, and while the flag is off."""
    onVariant: str | None
    """The variant that `include` serves."""
    overrides: dict[str, dict[str, Literal["include", "exclude"] | dict[str, Any]]] | None
    """Results for single contexts, by level and key (EV-20, PT-2)."""
    prerequisites: list[dict[str, Any]] | None
    """Conditions on other flags; if one is not met, the flag serves `offVariant` (EV-12)."""
    rolloutPercentage: float
    """The percentage of units, with at most three decimals; sets `/serve/rollout`"""
    rules: list[dict[str, Any]] | None
    """The first rule that applies decides (EV-30)."""
    salt: str | None
    """Input of the flag's hashes; the flag's key, if absent. Never changed after the flag is created (CMP-15)."""
    serve: str | dict[str, Any] | None | None
    """The serve for contexts to which no rule applies; `onVariant`, if absent (CMP-14)."""
    type: Literal["boolean", "string", "number", "object"]
    """The type of its variants."""
    updatedAt: Any
    variants: dict[str, Any] | None
    """Its values by name; `on` and `off` of a boolean flag, if absent (CMP-12)."""
    version: Any
    withoutUser: bool
    """Whether a context without a user gets the variant that is rolled out; sets `/serve/onMissing`"""


class Override(TypedDict):
    """An override as the admin API returns it"""

    contextKey: str
    createdAt: str | None
    """When it was created; null if that is not known"""
    createdBy: str | None
    """Who created it"""
    flag: str
    """The key of the flag"""
    level: str
    """The kind of context"""
    reason: str | None
    """The reason, if one was given"""
    updatedAt: str | None
    """When it was last changed; null if that is not known yet"""
    updatedBy: str | None
    """Who last changed it"""
    value: Any
    """The value that the context gets"""


class Loaded(TypedDict):
    """The result of a load, or of a dry run"""

    added: int
    changed: int
    dryRun: bool
    lines: int
    """The number of lines"""
    removed: int
    revision: int
    """The revision of the environment afterwards"""


class _AuditDifference(TypedDict):
    pointer: str
    """A JSON pointer into what was changed; empty if the whole is new or gone"""


class AuditDifference(_AuditDifference, total=False):
    """What changed at one place"""

    after: Any
    """What it is; absent if it is not there"""
    before: Any
    """What it was; absent if it was not there"""


class _AuditRecord(TypedDict):
    action: str
    """`create`, `update` or `delete`"""
    actor: str
    """Who, by the name of their token"""
    address: str | None
    """From where"""
    at: str
    changes: list[AuditDifference] | None
    """What changed, place by place; null if it is not known"""
    digest: str | None
    """The hash of what it is now"""
    entries: Any
    """How many entries of lists changed, where they are too many to be told one by one"""
    environment: str | None
    """In which environment; null if it concerns the whole project"""
    key: str
    """Its key, name or id"""
    kind: str
    """The kind of what was changed"""
    previousHash: str | None
    """The hash of the row before"""
    reason: str | None
    """Why, if they said so"""
    requestId: str | None
    """The request that did it, as in `x-request-id`"""
    revision: int | None
    """By which revision; null if it made none"""
    sequence: int
    """Its number among all of the project, from 1, without a gap"""


class AuditRecord(_AuditRecord, total=False):
    """A row of the audit: one thing that somebody changed"""

    hash: str
    """The hash of this row"""


class _SigningSecret(TypedDict):
    createdAt: str
    id: str


class SigningSecret(_SigningSecret, total=False):
    """A secret that contexts are signed with"""

    secret: str
    """The secret; only in the response that creates it"""


class _AccessKey(TypedDict):
    createdAt: str
    expiresAt: str | None
    """When it expires"""
    hint: str
    """The last characters of the token, by which people recognise it"""
    id: str
    """The id by which routes and the audit name the key"""
    lastUsedAt: str | None
    """When a request last came with it, up to about a minute late; null if none did"""
    name: str


class AccessKey(_AccessKey, total=False):
    """An SDK key, or an access token"""

    allProjects: bool
    kind: str
    """`server`, `client` or `client-local`"""
    origins: list[str]
    """The pages that may use it, by their origins: of a key of kind `client` or `client-local`"""
    owner: str
    """The person whose personal token it is"""
    role: str
    """`viewer`, `editor` or `admin`"""
    secrets: list[SigningSecret]
    """The secret that contexts are signed with: of a key of kind `client`"""
    signedContexts: bool
    """Whether it evaluates only contexts that are signed: of a key of kind `client`"""
    token: str
    """The token; only in the response that creates it"""


class InstanceItem(TypedDict):
    """An instance that is connected to the environment"""

    confirmation: Literal["applied", "sent"]
    instance: str | None
    """Its id; null if it does not acknowledge"""
    node: str
    """The node that it is connected to"""
    revision: int | None
    """The revision that it acknowledged; without an id, the revision that was sent to it"""
    sdk: str | None
    """The name of its SDK"""
    sent: int
    """The revision that was sent to it"""
    since: str
    """When it connected"""
    staleMs: int
    """For how many milliseconds a newer revision than its own has existed"""
    version: str | None
    """The version of its SDK"""


class Convergence(TypedDict):
    """Whether all instances have a revision"""

    applied: int
    """How many of them acknowledged this revision or a newer one"""
    behind: list[InstanceItem]
    """Some of the instances that are behind, those furthest behind first"""
    complete: bool
    """Whether the instances of all nodes are known; false while other nodes' reports cannot be read"""
    converged: bool
    """Whether no instance is behind, at any node"""
    instances: int
    """The number of connected instances"""
    revision: int
    """The revision"""
    sent: int
    """How many of them do not acknowledge, and were sent it"""
