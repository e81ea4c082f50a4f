-- When a request last came with a key or token; no more precise than a minute. Apart from `credential`, whose changes all nodes load.
CREATE TABLE credential_use (
    hash TEXT PRIMARY KEY,
    used_at BIGINT NOT NULL
);
