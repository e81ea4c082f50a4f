-- The browser that began it, as it names itself.
ALTER TABLE session ADD COLUMN user_agent TEXT;

-- Logout tokens of the identity provider that were used, until they expire: each ends sessions once. Of the id only its hash is stored.
CREATE TABLE logout_token (
    hash TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
