-- Version 20. What was imported from another site, so that importing it again changes nothing.

-- site: what the operator calls it. new_id is the ID here, of a row that may have been removed since.
CREATE TABLE imported (
  site TEXT NOT NULL,
  what TEXT NOT NULL CHECK (what IN ('user', 'video', 'comment')),
  old_id TEXT NOT NULL,
  new_id TEXT NOT NULL,
  PRIMARY KEY (site, what, old_id)
) STRICT, WITHOUT ROWID;
