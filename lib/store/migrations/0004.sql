-- Version 4. Contents of videos that were deleted and cleared, by owner, so that an import does not bring them back.

CREATE TABLE deleted_contents (
  author_id INTEGER NOT NULL REFERENCES users (id),
  sha256 TEXT NOT NULL,
  time INTEGER NOT NULL,
  PRIMARY KEY (author_id, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX deleted_contents_by_time ON deleted_contents (time);
