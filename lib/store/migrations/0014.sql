-- Version 14. Uploads that can be resumed. Their bytes are in incoming/, in a file named after the upload.

-- bytes: how many of them survive a crash. length is NULL as long as the client has not said it. made_video: the video
-- was created for this upload, and goes with it. An upload that has ended stays when its video is removed, so that the
-- client learns that it has ended. by_link: it was created through a signed link. metadata is what the
-- client sent, to be sent back.
CREATE TABLE uploads (
  id TEXT PRIMARY KEY,
  owner_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  video_id TEXT NOT NULL,
  made_video INTEGER NOT NULL CHECK (made_video IN (0, 1)),
  by_link INTEGER NOT NULL CHECK (by_link IN (0, 1)),
  bytes INTEGER NOT NULL DEFAULT 0,
  length INTEGER,
  sha256 TEXT,
  metadata TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'partial' CHECK (state IN ('partial', 'complete', 'expired')),
  create_time INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  last_byte_time INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_by_owner ON uploads (owner_id, id);
CREATE INDEX uploads_by_owner_state ON uploads (owner_id, state);
CREATE INDEX uploads_by_video ON uploads (video_id, state);
CREATE INDEX uploads_by_end ON uploads (state, expires, id);

-- What is on disk of an upload counts as its owner's.
CREATE TRIGGER upload_changed AFTER UPDATE OF owner_id, bytes, state ON uploads BEGIN
  UPDATE users SET bytes_used = bytes_used - CASE old.state WHEN 'partial' THEN old.bytes ELSE 0 END
    WHERE id = old.owner_id;
  UPDATE users SET bytes_used = bytes_used + CASE new.state WHEN 'partial' THEN new.bytes ELSE 0 END
    WHERE id = new.owner_id;
END;
CREATE TRIGGER upload_removed AFTER DELETE ON uploads BEGIN
  UPDATE users SET bytes_used = bytes_used - CASE old.state WHEN 'partial' THEN old.bytes ELSE 0 END
    WHERE id = old.owner_id;
END;
CREATE TRIGGER upload_moved AFTER UPDATE OF author_id ON video_info BEGIN
  UPDATE uploads SET owner_id = new.author_id WHERE video_id = new.id;
END;
