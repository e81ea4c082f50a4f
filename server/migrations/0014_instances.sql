-- What each node tells of the instances that follow an environment at it. It is written again and again and gone soon after its node.
CREATE TABLE node_instances (
    node TEXT NOT NULL,
    environment_id BIGINT NOT NULL,
    -- Grows as long as the node lives: others need not compare their clocks with its own.
    beat BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (node, environment_id)
);
