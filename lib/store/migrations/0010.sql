-- Version 10. Display names; replies; comments that are held back, or switched off for a video.

ALTER TABLE users ADD COLUMN display_name TEXT;
-- Whether a moderator has approved a comment of the user.
ALTER TABLE users ADD COLUMN comments_approved INTEGER NOT NULL DEFAULT 0 CHECK (comments_approved IN (0, 1));

ALTER TABLE video_info ADD COLUMN comments_off INTEGER NOT NULL DEFAULT 0 CHECK (comments_off IN (0, 1));

-- A comment without an author is one that was deleted and has replies. parent_id is the first comment of a thread, which
-- has none itself; it is not a foreign key, because a video's comments are deleted in steps, in any order. held: why
-- only the author and moderators see a comment; NULL if everybody does.
CREATE TABLE comments_new (
  id TEXT PRIMARY KEY,
  video_id TEXT NOT NULL REFERENCES video_info (id),
  author_id INTEGER REFERENCES users (id),
  content TEXT NOT NULL,
  time INTEGER NOT NULL,
  position_ms INTEGER CHECK (position_ms >= 0),
  parent_id TEXT,
  held TEXT CHECK (held IN ('word', 'new_author', 'hidden')),
  is_held INTEGER NOT NULL GENERATED ALWAYS AS (held IS NOT NULL) VIRTUAL
) STRICT, WITHOUT ROWID;
INSERT INTO comments_new (id, video_id, author_id, content, time, position_ms)
  SELECT id, video_id, author_id, content, time, position_ms FROM comments;
DROP TABLE comments;
ALTER TABLE comments_new RENAME TO comments;
-- is_held keeps the held comments of a video, which may be many, out of the way of those that everybody sees.
CREATE INDEX comments_by_time ON comments (video_id, is_held, time, id);
CREATE INDEX comments_by_position ON comments (video_id, is_held, position_ms, id) WHERE position_ms IS NOT NULL;
CREATE INDEX comments_by_author ON comments (author_id, id) WHERE author_id IS NOT NULL;
CREATE INDEX comments_by_parent ON comments (parent_id, is_held, time, id) WHERE parent_id IS NOT NULL;
CREATE INDEX comments_held ON comments (id) WHERE held IS NOT NULL;
CREATE INDEX comments_held_by_author ON comments (author_id, id) WHERE held IS NOT NULL;
-- What an author sees of the own held comments on a video.
CREATE INDEX comments_own_by_time ON comments (author_id, video_id, time, id) WHERE is_held = 1;
CREATE INDEX comments_own_by_position ON comments (author_id, video_id, position_ms, id)
  WHERE is_held = 1 AND position_ms IS NOT NULL;
