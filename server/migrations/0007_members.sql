-- People whom an issuer of tokens knows, with a role in one project: by the issuer's name for them, or by an address that is theirs.
CREATE TABLE member (
    project_id BIGINT NOT NULL REFERENCES project (id),
    known_by TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (project_id, known_by, name)
);

-- What a key that anybody can read out of a page may be used for, as JSON. Null where nothing is said.
ALTER TABLE credential ADD COLUMN rules TEXT;
