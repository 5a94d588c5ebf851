-- Version 20. What came from another site, so that importing its dump again adds nothing.

-- old_id is the ID there, new_id the one here, which may be gone by now; check_name is a hash of a user's name there,
-- by which another site's user of the same ID is told apart.
CREATE TABLE imported (
  kind TEXT NOT NULL CHECK (kind IN ('user', 'video', 'comment')),
  old_id TEXT NOT NULL,
  check_name TEXT NOT NULL,
  new_id TEXT NOT NULL,
  PRIMARY KEY (kind, old_id)
) STRICT, WITHOUT ROWID;
