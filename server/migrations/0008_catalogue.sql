-- What is said of a flag in its whole project, beside how each environment has it. A flag without a row is as a new one.
CREATE TABLE flag_note (
    project_id BIGINT NOT NULL REFERENCES project (id),
    name TEXT NOT NULL,
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
