-- One dialect: SQLite and PostgreSQL both take it as it stands. Instants are milliseconds since 1970, JSON is canonical text.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE project (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE environment (
    id BIGINT PRIMARY KEY,
    project_id BIGINT NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,
    -- Gap-free: taken by `UPDATE … RETURNING` in the transaction that writes the change.
    revision BIGINT NOT NULL,
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

CREATE TABLE audit (
    environment_id BIGINT NOT NULL REFERENCES environment (id),
    revision BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    before_value TEXT,
    after_value TEXT,
    reason TEXT,
    PRIMARY KEY (environment_id, revision, ordinal)
);

CREATE INDEX audit_by_time ON audit (made_at, environment_id, revision, ordinal);
CREATE INDEX audit_by_name ON audit (kind, name, made_at);

-- Only hashes of tokens are stored. A key without an environment belongs to its whole project.
CREATE TABLE access_key (
    hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    project_id BIGINT NOT NULL REFERENCES project (id),
    environment_id BIGINT REFERENCES environment (id),
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

INSERT INTO project (id, name) VALUES (1, 'default');
INSERT INTO environment (id, project_id, name, revision) VALUES (1, 1, 'production', 0), (2, 1, 'staging', 0), (3, 1, 'development', 0);
