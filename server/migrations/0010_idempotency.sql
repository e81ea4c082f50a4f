-- What a write with an `Idempotency-Key` came to. A row is made before the write, marked as applied in the write's own transaction, and
-- given the answer afterwards; `claim` names the attempt that may apply it.
CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    claim TEXT NOT NULL,
    claimed_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    applied BIGINT NOT NULL DEFAULT 0,
    -- Sealed with the token that asked, in hexadecimal digits.
    answer TEXT,
    PRIMARY KEY (scope, name)
);

CREATE INDEX idempotency_by_end ON idempotency (expires_at);
