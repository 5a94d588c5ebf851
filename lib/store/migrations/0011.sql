-- Version 11. What moderators work with: reports, muted users, contents that nobody may upload.

ALTER TABLE users ADD COLUMN muted_until INTEGER;

-- Of the people and things only ids: a report outlives them. `subject` is the id of what was reported, `about_id` the
-- user whose it is. reporter_id is NULL for a guest, and after the reporter's account was deleted.
CREATE TABLE reports (
  id TEXT PRIMARY KEY,
  what TEXT NOT NULL CHECK (what IN ('video', 'comment', 'user')),
  subject TEXT NOT NULL,
  video_id TEXT,
  comment_id TEXT,
  about_id INTEGER NOT NULL,
  reporter_id INTEGER,
  contact TEXT,
  reason TEXT NOT NULL CHECK (reason IN ('illegal', 'harassment', 'copyright', 'spam', 'other')),
  text TEXT NOT NULL,
  time INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved')),
  decision TEXT CHECK (decision IN ('dismissed', 'removed', 'blocked', 'muted')),
  decision_text TEXT,
  decided_by INTEGER,
  decision_time INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX reports_by_state ON reports (state, id);
CREATE INDEX reports_by_video ON reports (video_id, state, id) WHERE video_id IS NOT NULL;
CREATE INDEX reports_about ON reports (about_id, state, id);
CREATE INDEX reports_by_reporter ON reports (reporter_id, id) WHERE reporter_id IS NOT NULL;
-- Nobody reports the same thing twice while the first report is open.
CREATE UNIQUE INDEX reports_of_user ON reports (subject, reporter_id) WHERE reporter_id IS NOT NULL AND state = 'open';
CREATE UNIQUE INDEX reports_of_guest ON reports (subject, contact)
  WHERE reporter_id IS NULL AND contact IS NOT NULL AND state = 'open';
CREATE INDEX reports_resolved ON reports (decision_time) WHERE state = 'resolved';

CREATE TABLE blocked_contents (
  sha256 TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  blocked_by INTEGER,
  time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX blocked_contents_by_time ON blocked_contents (time, sha256);
-- A blocked video goes with its owner's account; nobody uploads its content again.
CREATE TRIGGER video_blocked_removed AFTER DELETE ON video_info WHEN old.blocked IS NOT NULL AND old.sha256 <> '' BEGIN
  INSERT INTO blocked_contents (sha256, reason, blocked_by, time)
    VALUES (old.sha256, old.blocked, old.blocked_by, old.blocked_time) ON CONFLICT (sha256) DO NOTHING;
END;
