-- A row of the audit says what differs by path, and is bound to the row before it by a hash (docs/adr/0024). Rows of earlier releases
-- have no `changes` and keep their two values; they are chained at the next start.
ALTER TABLE audit_entry ADD COLUMN environment_name TEXT;
ALTER TABLE audit_entry ADD COLUMN changes TEXT;
ALTER TABLE audit_entry ADD COLUMN entries TEXT;
ALTER TABLE audit_entry ADD COLUMN state TEXT;
ALTER TABLE audit_entry ADD COLUMN address TEXT;
ALTER TABLE audit_entry ADD COLUMN request_id TEXT;
ALTER TABLE audit_entry ADD COLUMN digest TEXT;
ALTER TABLE audit_entry ADD COLUMN previous_hash TEXT;
ALTER TABLE audit_entry ADD COLUMN hash TEXT;

-- Up to which row the chain goes, and the hash of that one.
ALTER TABLE project ADD COLUMN chained BIGINT NOT NULL DEFAULT 0;
ALTER TABLE project ADD COLUMN chain_head TEXT NOT NULL DEFAULT '0000000000000000000000000000000000000000000000000000000000000000';

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
