-- One dialect: SQLite and PostgreSQL both take it as it stands. Instants are milliseconds since 1970, JSON is canonical text.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE project (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- The last number in the project's audit and the hash of that row. A gap-free sequence, taken while this row is held: what concerns
    -- no environment has a number too, and a reader that knows the last one misses nothing.
    audited BIGINT NOT NULL DEFAULT 0,
    chain_head TEXT NOT NULL DEFAULT '0000000000000000000000000000000000000000000000000000000000000000'
);

CREATE TABLE environment (
    id BIGINT PRIMARY KEY,
    project_id BIGINT NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,
    -- Gap-free: taken by `UPDATE … RETURNING` in the transaction that writes the change.
    revision BIGINT NOT NULL,
    -- Whether evaluated values may be read without a key.
    public_values BIGINT NOT NULL DEFAULT 0,
    -- Whether every change must state a reason.
    require_reason BIGINT NOT NULL DEFAULT 0,
    -- A deleted environment keeps its row, under a name that no other can have: the audit refers to it, and its number is not used again.
    deleted_at BIGINT,
    UNIQUE (project_id, name)
);

-- The objects of protocol.md, §1. A list has its version here (`value` is null) and its entries in `entry`.
CREATE TABLE object (
    environment_id BIGINT NOT NULL REFERENCES environment (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    value TEXT,
    PRIMARY KEY (environment_id, kind, name)
);

CREATE TABLE entry (
    environment_id BIGINT NOT NULL REFERENCES environment (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    entry TEXT NOT NULL,
    value TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    -- Who last changed it, when and why.
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (environment_id, kind, name, entry)
);

-- What the admin API says about a flag beside its objects. `version` is the revision that last changed the flag or one of its lists.
CREATE TABLE flag (
    environment_id BIGINT NOT NULL REFERENCES environment (id),
    name TEXT NOT NULL,
    value_type TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (environment_id, name)
);

CREATE INDEX flag_by_name ON flag (name);

-- What a node that is behind asks for: everything that changed since the revision that it serves.
CREATE INDEX object_by_version ON object (environment_id, version);
CREATE INDEX flag_by_version ON flag (environment_id, version);

-- The outbox: what each revision changed, with what was there before, so that past states can be told again after a restart.
CREATE TABLE change (
    environment_id BIGINT NOT NULL REFERENCES environment (id),
    revision BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    entry TEXT,
    op TEXT NOT NULL,
    -- The version of the object before; null where there was no object.
    before_version BIGINT,
    before_value TEXT,
    PRIMARY KEY (environment_id, revision, ordinal)
);

-- What changed, and who changed it. Each row has the hash of the row before it (docs/adr/0024).
CREATE TABLE audit_entry (
    project_id BIGINT NOT NULL REFERENCES project (id),
    sequence BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    -- Null for what concerns the whole project.
    environment_id BIGINT REFERENCES environment (id),
    environment_name TEXT,
    -- Null for what made none.
    revision BIGINT,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The differences by path, as JSON.
    changes TEXT NOT NULL,
    entries TEXT,
    state TEXT,
    reason TEXT,
    address TEXT,
    request_id TEXT,
    digest TEXT,
    previous_hash TEXT,
    hash TEXT,
    PRIMARY KEY (project_id, sequence)
);

CREATE INDEX audit_entry_by_name ON audit_entry (project_id, kind, name, sequence);

-- Every list and entry of a list that a row is about: one that changes a hundred thousand shows a hundred of them.
CREATE TABLE audit_item (
    project_id BIGINT NOT NULL REFERENCES project (id),
    sequence BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    list TEXT NOT NULL,
    level TEXT NOT NULL,
    -- Null for the list itself.
    entry TEXT,
    before_value TEXT,
    after_value TEXT,
    PRIMARY KEY (project_id, sequence, ordinal)
);

-- What concerns one customer.
CREATE INDEX audit_item_by_context ON audit_item (project_id, level, entry, sequence);

-- Tokens of people and scripts are for one project or, without one, for all; keys of programs are for one environment. Only hashes of
-- them are stored.
CREATE TABLE credential (
    hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    project_id BIGINT REFERENCES project (id),
    environment_id BIGINT REFERENCES environment (id),
    name TEXT NOT NULL,
    -- The last characters of the token, for people to know it by.
    hint TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    -- What a key that anybody can read out of a page may be used for, as JSON. Null where nothing is said.
    rules TEXT,
    -- The person whose personal token it is: the issuer's id of them, and their address.
    owner TEXT,
    owner_email TEXT
);

-- When a request last came with a key or token; no more precise than a minute. Apart from `credential`, whose changes all nodes load.
CREATE TABLE credential_use (
    hash TEXT PRIMARY KEY,
    used_at BIGINT NOT NULL
);

-- People who are signed in to the admin UI. Of a cookie only its hash is stored.
CREATE TABLE session (
    hash TEXT PRIMARY KEY,
    -- The name in the audit, and as JSON who it is and with which roles.
    name TEXT NOT NULL,
    holder TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- No more precise than a minute.
    used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- Of the identity provider, to sign out there; encrypted with the cookie.
    id_token TEXT,
    -- The browser that began it, as it names itself.
    user_agent TEXT
);

CREATE INDEX session_by_name ON session (name, created_at);

-- Logout tokens of the identity provider that were used, until they are too old: each ends sessions once. Of the id only its hash is
-- stored.
CREATE TABLE logout_token (
    hash TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

-- Links that begin a session once. Of the code only its hash is stored.
CREATE TABLE sign_in_link (
    hash TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- People whom an issuer of tokens knows, with a role in one project: by the issuer's name for them, or by an address that is theirs.
CREATE TABLE member (
    project_id BIGINT NOT NULL REFERENCES project (id),
    known_by TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, known_by, name)
);

-- The changes that count against what a flag's overrides may change in an hour: one row for each revision, gone when it no longer counts.
CREATE TABLE override_change (
    environment_id BIGINT NOT NULL REFERENCES environment (id),
    flag TEXT NOT NULL,
    revision BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (environment_id, flag, revision)
);

-- What is said of a flag in its whole project, beside how each environment has it. A flag without a row is as a new one.
CREATE TABLE flag_note (
    project_id BIGINT NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,
    -- What people call the flag.
    display_name TEXT NOT NULL,
    -- Counts the changes of this row, from 1.
    version BIGINT NOT NULL,
    description TEXT NOT NULL,
    -- JSON arrays of strings.
    tags TEXT NOT NULL,
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    lifecycle TEXT NOT NULL,
    -- The environments that had the flag when it was archived and do not have it again yet.
    archived_in TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, name)
);

-- What was evaluated, and what was asked for and does not exist. No references: an environment may go while a node still has counts of it
-- in memory.

-- By the hour. `variant` is empty where none was served; no variant has an empty name.
CREATE TABLE usage_hour (
    environment_id BIGINT NOT NULL,
    flag TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    variant TEXT NOT NULL,
    evaluations BIGINT NOT NULL,
    PRIMARY KEY (environment_id, flag, began_at, variant)
);

CREATE INDEX usage_hour_by_time ON usage_hour (began_at);

-- Outlives the counts: how long ago a flag was last asked for is of interest when that is long ago.
CREATE TABLE flag_seen (
    environment_id BIGINT NOT NULL,
    flag TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (environment_id, flag)
);

CREATE INDEX flag_seen_by_time ON flag_seen (seen_at);

CREATE TABLE unknown_flag (
    environment_id BIGINT NOT NULL,
    flag TEXT NOT NULL,
    evaluations BIGINT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    sdk TEXT NOT NULL,
    PRIMARY KEY (environment_id, flag)
);

-- What a write with an `Idempotency-Key` came to. A row is made before the write, marked as applied in the write's own transaction, and
-- given the answer afterwards; `claim` names the attempt that may apply it.
CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    claim TEXT NOT NULL,
    claimed_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    applied BIGINT NOT NULL DEFAULT 0,
    -- Sealed with the token that asked, in hexadecimal digits.
    answer TEXT,
    PRIMARY KEY (scope, name)
);

CREATE INDEX idempotency_by_end ON idempotency (expires_at);

-- What each node tells of the instances that follow an environment at it. It is written again and again and gone soon after its node.
CREATE TABLE node_instances (
    node TEXT NOT NULL,
    environment_id BIGINT NOT NULL,
    -- Grows as long as the node lives: others need not compare their clocks with its own.
    beat BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (node, environment_id)
);

INSERT INTO project (id, name) VALUES (1, 'default');
INSERT INTO environment (id, project_id, name, revision) VALUES (1, 1, 'production', 0), (2, 1, 'staging', 0), (3, 1, 'development', 0);
-- Counts the changes of who has access, so that every node sees that there was one.
INSERT INTO meta (name, value) VALUES ('access', '0');
