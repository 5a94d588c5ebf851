-- Version 8. Who sees a video: its visibility, why moderators blocked it, whether reports of it wait for them. The role
-- of moderators. Tags. What exists becomes unlisted: nothing is published by an upgrade.

DROP INDEX users_admins;
ALTER TABLE users RENAME COLUMN role TO role_before;
ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'moderator', 'admin'));
UPDATE users SET role = role_before;
ALTER TABLE users DROP COLUMN role_before;
CREATE INDEX users_admins ON users (role, disabled, id) WHERE deleted IS NULL;

ALTER TABLE video_info ADD COLUMN visibility TEXT NOT NULL DEFAULT 'unlisted'
  CHECK (visibility IN ('public', 'unlisted', 'private'));
-- The reason, or NULL if the video is not blocked; by which user (NULL: the operator), and when.
ALTER TABLE video_info ADD COLUMN blocked TEXT;
ALTER TABLE video_info ADD COLUMN blocked_by INTEGER;
ALTER TABLE video_info ADD COLUMN blocked_time INTEGER;
ALTER TABLE video_info ADD COLUMN reported INTEGER NOT NULL DEFAULT 0 CHECK (reported IN (0, 1));

-- What is listed for everyone: of all users, and of one. The columns that never differ make SQLite prefer these indexes.
CREATE INDEX video_listed ON video_info (visibility, state, id)
  WHERE state = 'ready' AND visibility = 'public' AND blocked IS NULL;
CREATE INDEX video_listed_by_author ON video_info (author_id, visibility, state, id)
  WHERE state = 'ready' AND visibility = 'public' AND blocked IS NULL;

CREATE TABLE video_tags (
  video_id TEXT NOT NULL REFERENCES video_info (id) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  PRIMARY KEY (video_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX video_tags_by_tag ON video_tags (tag, video_id);
