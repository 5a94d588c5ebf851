-- Version 18. Who has watched what.

ALTER TABLE users ADD COLUMN history_off INTEGER NOT NULL DEFAULT 0 CHECK (history_off IN (0, 1));
ALTER TABLE video_info ADD COLUMN views INTEGER NOT NULL DEFAULT 0;

-- How far a user has watched a video.
CREATE TABLE history (
  user_id INTEGER NOT NULL REFERENCES users (id),
  video_id TEXT NOT NULL REFERENCES video_info (id) ON DELETE CASCADE,
  position_ms INTEGER NOT NULL CHECK (position_ms >= 0),
  ended INTEGER NOT NULL CHECK (ended IN (0, 1)),
  time INTEGER NOT NULL,
  PRIMARY KEY (user_id, video_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX history_by_time ON history (user_id, time, video_id);
CREATE INDEX history_by_age ON history (time);
CREATE INDEX history_by_video ON history (video_id);

-- Who was counted as a viewer, so that nobody is counted twice within 24 hours. viewer is a keyed hash.
CREATE TABLE counted_views (
  video_id TEXT NOT NULL REFERENCES video_info (id) ON DELETE CASCADE,
  viewer TEXT NOT NULL,
  time INTEGER NOT NULL,
  PRIMARY KEY (video_id, viewer)
) STRICT, WITHOUT ROWID;
CREATE INDEX counted_views_by_time ON counted_views (time);

-- Renditions are made for one user after the other: user_id is the video's owner.
ALTER TABLE rendition_queue ADD COLUMN user_id INTEGER NOT NULL DEFAULT 0;
UPDATE rendition_queue SET user_id = (SELECT author_id FROM video_info WHERE id = video_id);
CREATE TRIGGER rendition_owner_changed AFTER UPDATE OF author_id ON video_info BEGIN
  UPDATE rendition_queue SET user_id = new.author_id WHERE video_id = new.id;
END;
DROP INDEX rendition_queue_by_due;
CREATE INDEX rendition_queue_by_user ON rendition_queue (form, state, user_id, due, video_id);
CREATE INDEX rendition_queue_by_state ON rendition_queue (state, video_id, form);
CREATE INDEX rendition_queue_by_user_state ON rendition_queue (user_id, state, video_id, form);
