-- Version 3. Lists of sessions and tokens by when they were made; signed links that can be listed and taken back.

DROP INDEX sessions_by_user;
CREATE INDEX sessions_by_user ON sessions (user_id, create_time, public_id);
CREATE INDEX sessions_by_time ON sessions (create_time, public_id);
DROP INDEX tokens_by_user;
CREATE INDEX tokens_by_user ON tokens (user_id, create_time, public_id);
CREATE INDEX tokens_by_time ON tokens (create_time, public_id);

CREATE TABLE shares (
  id TEXT PRIMARY KEY,
  video_id TEXT NOT NULL REFERENCES video_info (id) ON DELETE CASCADE,
  what TEXT NOT NULL CHECK (what IN ('view', 'upload')),
  label TEXT NOT NULL,
  expires INTEGER NOT NULL,
  create_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX shares_by_video ON shares (video_id, create_time, id);
