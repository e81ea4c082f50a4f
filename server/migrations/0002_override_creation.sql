-- When an entry was made and by whom; null for those that were made before.
ALTER TABLE entry ADD COLUMN created_at BIGINT;
ALTER TABLE entry ADD COLUMN created_by TEXT;
