-- Whether every change of the environment must state a reason.
ALTER TABLE environment ADD COLUMN require_reason BIGINT NOT NULL DEFAULT 0;
