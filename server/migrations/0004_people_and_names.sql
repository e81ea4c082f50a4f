-- A deleted environment keeps its row, under a name that no other can have: the audit refers to it, and its number is not used again.
ALTER TABLE environment ADD COLUMN deleted_at BIGINT;

-- What people call a flag.
ALTER TABLE flag_note ADD COLUMN display_name TEXT NOT NULL DEFAULT '';

-- The person whose personal token it is: the issuer's id of them, and their address.
ALTER TABLE credential ADD COLUMN owner TEXT;
ALTER TABLE credential ADD COLUMN owner_email TEXT;
