-- Version 20. What was imported from another site, so that importing it again changes nothing.

-- site: what the operator calls it. new_id is the ID here, of a row that may have been removed since. old_name: SHA-256
-- of the login name there, of a user; it tells another site under the same name, and no name stays of a deleted user.
-- done: 0 for a video whose content is not stored yet, or whose deletion there is not queued yet.
CREATE TABLE imported (
  site TEXT NOT NULL,
  what TEXT NOT NULL CHECK (what IN ('user', 'video', 'comment')),
  old_id TEXT NOT NULL,
  new_id TEXT NOT NULL,
  old_name TEXT NOT NULL,
  done INTEGER NOT NULL CHECK (done IN (0, 1)),
  PRIMARY KEY (site, what, old_id)
) STRICT, WITHOUT ROWID;
