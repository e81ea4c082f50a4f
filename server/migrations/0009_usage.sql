-- What was evaluated, and what was asked for and does not exist. No references: an environment may go while a node still has counts of it
-- in memory.

-- By the hour. `variant` is empty where none was served; no variant has an empty name.
CREATE TABLE usage_hour (
    environment_id BIGINT NOT NULL,
    flag TEXT NOT NULL,
    began_at BIGINT NOT NULL,
    variant TEXT NOT NULL,
    evaluations BIGINT NOT NULL,
    PRIMARY KEY (environment_id, flag, began_at, variant)
);

CREATE INDEX usage_hour_by_time ON usage_hour (began_at);

-- Outlives the counts: how long ago a flag was last asked for is of interest when that is long ago.
CREATE TABLE flag_seen (
    environment_id BIGINT NOT NULL,
    flag TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (environment_id, flag)
);

CREATE INDEX flag_seen_by_time ON flag_seen (seen_at);

CREATE TABLE unknown_flag (
    environment_id BIGINT NOT NULL,
    flag TEXT NOT NULL,
    evaluations BIGINT NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    sdk TEXT NOT NULL,
    PRIMARY KEY (environment_id, flag)
);
