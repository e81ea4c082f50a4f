-- Tokens of people and scripts are for one project or, without one, for all; keys of programs are for one environment.
CREATE TABLE credential (
    hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    project_id BIGINT REFERENCES project (id),
    environment_id BIGINT REFERENCES environment (id),
    name TEXT NOT NULL,
    -- The last characters of the token, for people to know it by.
    hint TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);

INSERT INTO credential (hash, kind, project_id, environment_id, name, hint, created_at)
SELECT hash, kind, CASE WHEN environment_id IS NULL THEN NULL ELSE project_id END, environment_id, name, '', created_at FROM access_key;

DROP TABLE access_key;

-- Counts the changes of who has access, so that every node sees that there was one.
INSERT INTO meta (name, value) VALUES ('access', '0');
