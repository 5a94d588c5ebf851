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

-- What is listed for everyone, if its owner is neither disabled nor deleted: of all users, and of one. The column that
-- never differs makes SQLite prefer these indexes.
ALTER TABLE video_info ADD COLUMN listed INTEGER NOT NULL
  GENERATED ALWAYS AS (state = 'ready' AND visibility = 'public' AND blocked IS NULL) VIRTUAL;
CREATE INDEX video_listed ON video_info (listed, id) WHERE listed = 1;
CREATE INDEX video_listed_by_author ON video_info (author_id, listed, id) WHERE listed = 1;

-- Its last three columns are the video's, so that a list by tag reads only what it shows.
CREATE TABLE video_tags (
  video_id TEXT NOT NULL REFERENCES video_info (id) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  author_id INTEGER NOT NULL,
  state TEXT NOT NULL,
  listed INTEGER NOT NULL,
  PRIMARY KEY (video_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX video_tags_by_state ON video_tags (tag, state, video_id);
CREATE INDEX video_tags_by_author ON video_tags (tag, author_id, state, video_id);
CREATE INDEX video_tags_listed ON video_tags (tag, listed, video_id) WHERE listed = 1;
CREATE TRIGGER video_tags_follow AFTER UPDATE OF author_id, state, visibility, blocked ON video_info
WHEN new.author_id <> old.author_id OR new.state <> old.state OR new.listed <> old.listed
BEGIN
  UPDATE video_tags SET author_id = new.author_id, state = new.state, listed = new.listed WHERE video_id = new.id;
END;
