-- Whether attributes of evaluated contexts are recorded, and as JSON the names of those whose values are not.
ALTER TABLE environment ADD COLUMN record_attributes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE environment ADD COLUMN private_attributes TEXT NOT NULL DEFAULT '[]';

-- Attributes that evaluated contexts had: one row for each type of an attribute, and one for each value of the sample.
CREATE TABLE attribute_seen (
    environment_id BIGINT NOT NULL REFERENCES environment (id),
    attribute TEXT NOT NULL,
    value_type TEXT NOT NULL,
    -- The value as JSON; empty in the row about the type.
    value TEXT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (environment_id, attribute, value_type, value)
);

-- What each revision of an environment changed.
CREATE INDEX audit_entry_by_revision ON audit_entry (environment_id, revision, sequence);
