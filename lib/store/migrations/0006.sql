-- Version 6. Replaced contents count for their owner until they are unlinked. Contents that were found damaged.

ALTER TABLE blob_del_rec ADD COLUMN author_id INTEGER;
ALTER TABLE blob_del_rec ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER replaced_added AFTER INSERT ON blob_del_rec WHEN new.size > 0 BEGIN
  UPDATE users SET bytes_used = bytes_used + new.size WHERE id = new.author_id;
END;
CREATE TRIGGER replaced_removed AFTER DELETE ON blob_del_rec WHEN old.size > 0 BEGIN
  UPDATE users SET bytes_used = bytes_used - old.size WHERE id = old.author_id;
END;

CREATE TABLE damaged_contents (
  video_id TEXT PRIMARY KEY REFERENCES video_info (id) ON DELETE CASCADE,
  blob TEXT NOT NULL,
  why TEXT NOT NULL,
  time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The video that the task verify looked at last.
CREATE TABLE verify_position (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  video_id TEXT NOT NULL
) STRICT;
INSERT INTO verify_position VALUES (1, '');
