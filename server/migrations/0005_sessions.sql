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
    id_token TEXT
);

CREATE INDEX session_by_name ON session (name, created_at);

-- Links that begin a session once. Of the code only its hash is stored.
CREATE TABLE sign_in_link (
    hash TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
