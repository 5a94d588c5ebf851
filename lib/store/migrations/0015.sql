-- Version 15. Subtitles. Links through which guests upload to a user's account.

-- Bytes beside a video's content, such as its subtitles, that count for its owner.
ALTER TABLE video_info ADD COLUMN beside_size INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER video_beside_changed AFTER UPDATE OF author_id, state, beside_size ON video_info
WHEN (old.beside_size > 0 OR new.beside_size > 0) AND (new.author_id <> old.author_id
  OR new.beside_size <> old.beside_size OR (new.state IN ('pending', 'ready')) <> (old.state IN ('pending', 'ready')))
BEGIN
  UPDATE users SET bytes_used = bytes_used - old.beside_size,
                   bytes_trash = bytes_trash - iif(old.state IN ('deleted', 'purging'), old.beside_size, 0)
    WHERE id = old.author_id;
  UPDATE users SET bytes_used = bytes_used + new.beside_size,
                   bytes_trash = bytes_trash + iif(new.state IN ('deleted', 'purging'), new.beside_size, 0)
    WHERE id = new.author_id;
END;
CREATE TRIGGER video_beside_removed AFTER DELETE ON video_info WHEN old.beside_size > 0 BEGIN
  UPDATE users SET bytes_used = bytes_used - old.beside_size,
                   bytes_trash = bytes_trash - iif(old.state IN ('deleted', 'purging'), old.beside_size, 0)
    WHERE id = old.author_id;
END;

-- The text comes last, so that lists need not read it.
CREATE TABLE subtitles (
  video_id TEXT NOT NULL REFERENCES video_info (id) ON DELETE CASCADE,
  lang TEXT NOT NULL,
  label TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  modified INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (video_id, lang)
) STRICT;
CREATE TRIGGER subtitles_added AFTER INSERT ON subtitles BEGIN
  UPDATE video_info SET beside_size = beside_size + new.size WHERE id = new.video_id;
END;
CREATE TRIGGER subtitles_changed AFTER UPDATE OF size ON subtitles WHEN new.size <> old.size BEGIN
  UPDATE video_info SET beside_size = beside_size + new.size - old.size WHERE id = new.video_id;
END;
CREATE TRIGGER subtitles_removed AFTER DELETE ON subtitles BEGIN
  UPDATE video_info SET beside_size = beside_size - old.size WHERE id = old.video_id;
END;

-- files and bytes: what guests have announced so far; without the videos that were deleted before their upload came.
CREATE TABLE drops (
  id TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users (id),
  label TEXT NOT NULL,
  expires INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  max_files INTEGER NOT NULL,
  max_bytes INTEGER,
  files INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX drops_by_user ON drops (user_id, create_time, id);
-- The link that a video came through, which may be gone, and the size that the guest announced.
ALTER TABLE video_info ADD COLUMN drop_id TEXT;
ALTER TABLE video_info ADD COLUMN drop_size INTEGER;
CREATE TRIGGER video_of_drop_removed AFTER DELETE ON video_info WHEN old.drop_id IS NOT NULL AND old.blob IS NULL BEGIN
  UPDATE drops SET files = files - 1, bytes = bytes - old.drop_size WHERE id = old.drop_id;
END;
