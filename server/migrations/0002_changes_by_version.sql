-- What a node that is behind asks for: everything that changed since the revision that it serves.
CREATE INDEX object_by_version ON object (environment_id, version);
CREATE INDEX flag_by_version ON flag (environment_id, version);
