-- One gap-free sequence for each project, taken while its row is held: what concerns no environment has a place in it too, and a
-- reader that knows the last number misses nothing.
ALTER TABLE project ADD COLUMN audited BIGINT NOT NULL DEFAULT 0;

CREATE TABLE audit_entry (
    project_id BIGINT NOT NULL REFERENCES project (id),
    sequence BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    -- Null for what concerns the whole project.
    environment_id BIGINT REFERENCES environment (id),
    -- Null for what made none.
    revision BIGINT,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    before_value TEXT,
    after_value TEXT,
    reason TEXT,
    PRIMARY KEY (project_id, sequence)
);

INSERT INTO audit_entry (
    project_id, sequence, made_at, actor, action, environment_id, revision, kind, name, before_value, after_value, reason
)
SELECT
    environment.project_id,
    ROW_NUMBER() OVER (PARTITION BY environment.project_id ORDER BY made_at, environment_id, audit.revision, ordinal),
    made_at, actor, action, environment_id, audit.revision, kind, audit.name, before_value, after_value, reason
FROM audit JOIN environment ON environment.id = audit.environment_id;

UPDATE project SET audited = (SELECT COUNT(*) FROM audit_entry WHERE audit_entry.project_id = project.id);

DROP TABLE audit;

CREATE INDEX audit_entry_by_name ON audit_entry (project_id, kind, name, sequence);
