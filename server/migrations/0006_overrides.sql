-- Who last changed an entry of a list, when and why; 0 and empty where an earlier release wrote it.
ALTER TABLE entry ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE entry ADD COLUMN changed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE entry ADD COLUMN reason TEXT;

-- The changes that count against what a flag's overrides may change in an hour: one row for each revision, gone when it no longer counts.
CREATE TABLE override_change (
    environment_id BIGINT NOT NULL REFERENCES environment (id),
    flag TEXT NOT NULL,
    revision BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (environment_id, flag, revision)
);
