-- Whether anybody may have evaluated values of an environment without a key.
ALTER TABLE environment ADD COLUMN public_values BIGINT NOT NULL DEFAULT 0;
