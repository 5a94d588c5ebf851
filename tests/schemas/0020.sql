-- Schema version 0020, made by make.sh. Never changed.
PRAGMA application_id = 1447642181;
PRAGMA user_version = 20;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  login_name TEXT NOT NULL COLLATE NOCASE,
  pwd TEXT NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
  bytes_quota_own INTEGER CHECK (bytes_quota_own >= 0),
  create_time INTEGER NOT NULL,
  deleted INTEGER,
  video_count INTEGER NOT NULL DEFAULT 0,
  bytes_used INTEGER NOT NULL DEFAULT 0,
  bytes_trash INTEGER NOT NULL DEFAULT 0
, role TEXT NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'moderator', 'admin')), display_name TEXT, comments_approved INTEGER NOT NULL DEFAULT 0 CHECK (comments_approved IN (0, 1)), muted_until INTEGER, history_off INTEGER NOT NULL DEFAULT 0 CHECK (history_off IN (0, 1))) STRICT;
INSERT INTO users VALUES(1,'ada','$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA',0,NULL,1700000000000,NULL,1,17,0,'admin',NULL,0,NULL,0);
INSERT INTO users VALUES(3,'Bob.B','',0,NULL,1700000000001,NULL,1,20,20,'user',NULL,0,NULL,0);
CREATE TABLE video_info (
  id TEXT PRIMARY KEY,
  author_id INTEGER NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'ready', 'deleted', 'purging')),
  display_ctime TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  size INTEGER NOT NULL DEFAULT 0,
  content_type TEXT NOT NULL DEFAULT '',
  sha256 TEXT NOT NULL DEFAULT '',
  blob TEXT,
  modified INTEGER,
  description TEXT NOT NULL DEFAULT '', visibility TEXT NOT NULL DEFAULT 'unlisted'
  CHECK (visibility IN ('public', 'unlisted', 'private')), blocked TEXT, blocked_by INTEGER, blocked_time INTEGER, reported INTEGER NOT NULL DEFAULT 0 CHECK (reported IN (0, 1)), listed INTEGER NOT NULL
  GENERATED ALWAYS AS (state = 'ready' AND visibility = 'public' AND blocked IS NULL) VIRTUAL, comments_off INTEGER NOT NULL DEFAULT 0 CHECK (comments_off IN (0, 1)), duration_ms INTEGER NOT NULL DEFAULT 0, width INTEGER, height INTEGER, video_codec TEXT, audio_codec TEXT, faststart INTEGER CHECK (faststart IN (0, 1)), fragmented INTEGER CHECK (fragmented IN (0, 1)), has_location INTEGER CHECK (has_location IN (0, 1)), probed INTEGER NOT NULL DEFAULT 0 CHECK (probed IN (0, 1)), original_sha256 TEXT, beside_size INTEGER NOT NULL DEFAULT 0, drop_id TEXT, drop_size INTEGER, thumbnail TEXT, thumbnail_size INTEGER NOT NULL DEFAULT 0, play TEXT, danmaku_off INTEGER NOT NULL DEFAULT 0 CHECK (danmaku_off IN (0, 1)), views INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
INSERT INTO video_info VALUES('018bcfe5-6800-7000-8000-000000000001',1,'ready','ready','Nov 14 2023, 22:13:20',1700000000000,10,'video/mp4','1111111111111111111111111111111111111111111111111111111111111111','11111111111111111111111111111111.mp4',1700000000000,'','unlisted',NULL,NULL,NULL,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,7,NULL,NULL,NULL,0,NULL,0,0);
INSERT INTO video_info VALUES('018bcfe5-6800-7000-8000-000000000002',3,'deleted ''ä'' 猫','deleted','Nov 14 2023, 22:13:20',1700000000000,20,'video/webm','2222222222222222222222222222222222222222222222222222222222222222','22222222222222222222222222222222.webm',1700000000000,'','unlisted',NULL,NULL,NULL,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,0,NULL,NULL,NULL,0,NULL,0,0);
INSERT INTO video_info VALUES('018bcfe5-6800-7000-8000-000000000003',3,'pending','pending','Nov 14 2023, 22:13:20',1700000000000,0,'','',NULL,NULL,'','unlisted',NULL,NULL,NULL,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,0,NULL,NULL,NULL,0,NULL,0,0);
CREATE TABLE sessions (
  session_id TEXT PRIMARY KEY,
  public_id TEXT NOT NULL UNIQUE,
  user_id INTEGER NOT NULL REFERENCES users (id),
  login_name TEXT NOT NULL,
  TTL INTEGER NOT NULL,
  create_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO sessions VALUES('aa','aaaaaaaaaaaa',1,'ada',4000000000000,1700000000000);
CREATE TABLE tokens (
  token_hash TEXT PRIMARY KEY,
  public_id TEXT NOT NULL UNIQUE,
  user_id INTEGER NOT NULL REFERENCES users (id),
  label TEXT NOT NULL,
  scope TEXT NOT NULL CHECK (scope IN ('read', 'upload', 'full', 'admin', 'metrics')),
  expires INTEGER,
  create_time INTEGER NOT NULL,
  last_used INTEGER
, made_by TEXT REFERENCES tokens (token_hash) ON DELETE CASCADE) STRICT, WITHOUT ROWID;
INSERT INTO tokens VALUES('bb','bbbbbbbbbbbb',1,'a token','full',NULL,1700000000000,NULL,NULL);
CREATE TABLE rights_epoch (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), epoch INTEGER NOT NULL) STRICT;
INSERT INTO rights_epoch VALUES(1,1);
CREATE TABLE video_del_rec (
  video_id TEXT PRIMARY KEY REFERENCES video_info (id),
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'leased', 'dead')),
  due INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  lease_owner INTEGER,
  create_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO video_del_rec VALUES('018bcfe5-6800-7000-8000-000000000002','dead',1700000000000,8,'why',NULL,1700000000000);
CREATE TABLE blob_del_rec (
  blob TEXT PRIMARY KEY,
  due INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  last_error TEXT
, author_id INTEGER, size INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
INSERT INTO blob_del_rec VALUES('33333333333333333333333333333333',1700000000000,0,NULL,NULL,0);
CREATE TABLE user_del_rec (
  user_id INTEGER PRIMARY KEY REFERENCES users (id),
  due INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  last_error TEXT
, queued INTEGER NOT NULL DEFAULT 0 CHECK (queued IN (0, 1))) STRICT;
CREATE TABLE task_runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task TEXT NOT NULL,
  asked INTEGER NOT NULL CHECK (asked IN (0, 1)),
  began INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  done INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  error TEXT
) STRICT;
CREATE TABLE deletion_totals (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  cleared INTEGER NOT NULL,
  failures INTEGER NOT NULL
) STRICT;
INSERT INTO deletion_totals VALUES(1,0,0);
CREATE TABLE shares (
  id TEXT PRIMARY KEY,
  video_id TEXT NOT NULL REFERENCES video_info (id) ON DELETE CASCADE,
  what TEXT NOT NULL CHECK (what IN ('view', 'upload')),
  label TEXT NOT NULL,
  expires INTEGER NOT NULL,
  create_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO shares VALUES('cccccccccccc','018bcfe5-6800-7000-8000-000000000001','view','for the family',4000000000000,1700000000000);
CREATE TABLE deleted_contents (
  author_id INTEGER NOT NULL REFERENCES users (id),
  sha256 TEXT NOT NULL,
  time INTEGER NOT NULL,
  PRIMARY KEY (author_id, sha256)
) STRICT, WITHOUT ROWID;
CREATE TABLE damaged_contents (
  video_id TEXT PRIMARY KEY REFERENCES video_info (id) ON DELETE CASCADE,
  blob TEXT NOT NULL,
  why TEXT NOT NULL,
  time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE verify_position (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  video_id TEXT NOT NULL
) STRICT;
INSERT INTO verify_position VALUES(1,'');
CREATE TABLE video_tags (
  video_id TEXT NOT NULL REFERENCES video_info (id) ON DELETE CASCADE,
  tag TEXT NOT NULL,
  author_id INTEGER NOT NULL,
  state TEXT NOT NULL,
  listed INTEGER NOT NULL,
  PRIMARY KEY (video_id, tag)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "comments" (
  id TEXT PRIMARY KEY,
  video_id TEXT NOT NULL REFERENCES video_info (id),
  author_id INTEGER REFERENCES users (id),
  content TEXT NOT NULL,
  time INTEGER NOT NULL,
  position_ms INTEGER CHECK (position_ms >= 0),
  parent_id TEXT,
  held TEXT CHECK (held IN ('word', 'new_author', 'hidden')),
  is_held INTEGER NOT NULL GENERATED ALWAYS AS (held IS NOT NULL) VIRTUAL
, mode TEXT CHECK (mode IN ('scroll', 'top', 'bottom', 'reverse')), color INTEGER CHECK (color BETWEEN 0 AND 16777215), size TEXT CHECK (size IN ('small', 'normal', 'big')), imported_author TEXT, source_id TEXT, source_style TEXT) STRICT, WITHOUT ROWID;
INSERT INTO comments VALUES('018bcfe5-6800-7000-8000-000000000011','018bcfe5-6800-7000-8000-000000000001',3,'a comment',1700000000002,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO comments VALUES('018bcfe5-6800-7000-8000-000000000012','018bcfe5-6800-7000-8000-000000000001',1,'弾幕',1700000000003,1500,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
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
CREATE TABLE blocked_contents (
  sha256 TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  blocked_by INTEGER,
  time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE deleted_users_applied (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  bytes INTEGER NOT NULL,
  hash INTEGER NOT NULL
) STRICT;
INSERT INTO deleted_users_applied VALUES(1,0,0);
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
INSERT INTO uploads VALUES('018bcfe5-6800-7000-8000-000000000021',3,'018bcfe5-6800-7000-8000-000000000003',0,0,0,NULL,NULL,'','partial',1700000000000,4000000000000,NULL);
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
INSERT INTO subtitles VALUES('018bcfe5-6800-7000-8000-000000000001','en','English',7,'x',1700000000000,replace('WEBVTT\n','\n',char(10)));
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
CREATE TABLE rendition_queue (
  video_id TEXT NOT NULL REFERENCES video_info (id) ON DELETE CASCADE,
  form TEXT NOT NULL CHECK (form IN ('thumbnail', 'play')),
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'transcode', 'dead')),
  forced INTEGER NOT NULL DEFAULT 0 CHECK (forced IN (0, 1)),
  due INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  last_error TEXT, user_id INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (video_id, form)
) STRICT, WITHOUT ROWID;
CREATE TABLE history (
  user_id INTEGER NOT NULL REFERENCES users (id),
  video_id TEXT NOT NULL REFERENCES video_info (id) ON DELETE CASCADE,
  position_ms INTEGER NOT NULL CHECK (position_ms >= 0),
  ended INTEGER NOT NULL CHECK (ended IN (0, 1)),
  time INTEGER NOT NULL,
  PRIMARY KEY (user_id, video_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE counted_views (
  video_id TEXT NOT NULL REFERENCES video_info (id) ON DELETE CASCADE,
  viewer TEXT NOT NULL,
  time INTEGER NOT NULL,
  PRIMARY KEY (video_id, viewer)
) STRICT, WITHOUT ROWID;
CREATE TABLE content_changes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  path TEXT NOT NULL
) STRICT;
INSERT INTO content_changes VALUES(1,'blobs/11/11111111111111111111111111111111.mp4');
INSERT INTO content_changes VALUES(2,'blobs/22/22222222222222222222222222222222.webm');
CREATE TABLE imported (
  site TEXT NOT NULL,
  what TEXT NOT NULL CHECK (what IN ('user', 'video', 'comment')),
  old_id TEXT NOT NULL,
  new_id TEXT NOT NULL,
  old_name TEXT NOT NULL,
  done INTEGER NOT NULL CHECK (done IN (0, 1)),
  PRIMARY KEY (site, what, old_id)
) STRICT, WITHOUT ROWID;
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('content_changes',2);
INSERT INTO sqlite_sequence VALUES('users',3);
CREATE UNIQUE INDEX users_by_name ON users (login_name) WHERE deleted IS NULL;
CREATE INDEX users_by_time ON users (create_time, id) WHERE deleted IS NULL;
CREATE INDEX video_by_author ON video_info (author_id, state, id);
CREATE INDEX video_by_author_name ON video_info (author_id, state, name, id);
CREATE INDEX video_by_author_size ON video_info (author_id, state, size, id);
CREATE INDEX video_by_state ON video_info (state, id);
CREATE INDEX video_by_state_name ON video_info (state, name, id);
CREATE INDEX video_by_state_size ON video_info (state, size, id);
CREATE INDEX video_by_content ON video_info (sha256, id) WHERE sha256 <> '';
CREATE TRIGGER video_added AFTER INSERT ON video_info BEGIN
  UPDATE users SET video_count = video_count + (new.state IN ('pending', 'ready')),
                   bytes_used = bytes_used + new.size,
                   bytes_trash = bytes_trash + iif(new.state IN ('deleted', 'purging'), new.size, 0)
    WHERE id = new.author_id;
END;
CREATE TRIGGER video_removed AFTER DELETE ON video_info BEGIN
  UPDATE users SET video_count = video_count - (old.state IN ('pending', 'ready')),
                   bytes_used = bytes_used - old.size,
                   bytes_trash = bytes_trash - iif(old.state IN ('deleted', 'purging'), old.size, 0)
    WHERE id = old.author_id;
END;
CREATE INDEX sessions_by_end ON sessions (TTL);
CREATE INDEX video_del_rec_by_due ON video_del_rec (state, due, video_id);
CREATE INDEX blob_del_rec_by_due ON blob_del_rec (due, blob);
CREATE INDEX task_runs_by_task ON task_runs (task, id);
CREATE INDEX video_del_rec_by_owner ON video_del_rec (lease_owner) WHERE lease_owner IS NOT NULL;
CREATE INDEX video_by_blob ON video_info (blob) WHERE blob IS NOT NULL;
CREATE TRIGGER video_changed AFTER UPDATE OF author_id, state, size ON video_info
WHEN new.author_id <> old.author_id OR new.size <> old.size
  OR (new.state IN ('pending', 'ready')) <> (old.state IN ('pending', 'ready'))
BEGIN
  UPDATE users SET video_count = video_count - (old.state IN ('pending', 'ready')),
                   bytes_used = bytes_used - old.size,
                   bytes_trash = bytes_trash - iif(old.state IN ('deleted', 'purging'), old.size, 0)
    WHERE id = old.author_id;
  UPDATE users SET video_count = video_count + (new.state IN ('pending', 'ready')),
                   bytes_used = bytes_used + new.size,
                   bytes_trash = bytes_trash + iif(new.state IN ('deleted', 'purging'), new.size, 0)
    WHERE id = new.author_id;
END;
CREATE INDEX sessions_by_user ON sessions (user_id, create_time, public_id);
CREATE INDEX sessions_by_time ON sessions (create_time, public_id);
CREATE INDEX tokens_by_user ON tokens (user_id, create_time, public_id);
CREATE INDEX tokens_by_time ON tokens (create_time, public_id);
CREATE INDEX shares_by_video ON shares (video_id, create_time, id);
CREATE INDEX deleted_contents_by_time ON deleted_contents (time);
CREATE TRIGGER replaced_added AFTER INSERT ON blob_del_rec WHEN new.size > 0 BEGIN
  UPDATE users SET bytes_used = bytes_used + new.size WHERE id = new.author_id;
END;
CREATE TRIGGER replaced_removed AFTER DELETE ON blob_del_rec WHEN old.size > 0 BEGIN
  UPDATE users SET bytes_used = bytes_used - old.size WHERE id = old.author_id;
END;
CREATE INDEX tokens_by_maker ON tokens (made_by) WHERE made_by IS NOT NULL;
CREATE INDEX users_admins ON users (role, disabled, id) WHERE deleted IS NULL;
CREATE INDEX video_listed ON video_info (listed, id) WHERE listed = 1;
CREATE INDEX video_listed_by_author ON video_info (author_id, listed, id) WHERE listed = 1;
CREATE INDEX video_tags_by_state ON video_tags (tag, state, video_id);
CREATE INDEX video_tags_by_author ON video_tags (tag, author_id, state, video_id);
CREATE INDEX video_tags_listed ON video_tags (tag, listed, video_id) WHERE listed = 1;
CREATE TRIGGER video_tags_follow AFTER UPDATE OF author_id, state, visibility, blocked ON video_info
WHEN new.author_id <> old.author_id OR new.state <> old.state OR new.listed <> old.listed
BEGIN
  UPDATE video_tags SET author_id = new.author_id, state = new.state, listed = new.listed WHERE video_id = new.id;
END;
CREATE INDEX video_blocked_by ON video_info (blocked_by) WHERE blocked_by IS NOT NULL;
CREATE INDEX comments_by_time ON comments (video_id, is_held, time, id);
CREATE INDEX comments_by_position ON comments (video_id, is_held, position_ms, id) WHERE position_ms IS NOT NULL;
CREATE INDEX comments_by_author ON comments (author_id, id) WHERE author_id IS NOT NULL;
CREATE INDEX comments_by_parent ON comments (parent_id, is_held, time, id) WHERE parent_id IS NOT NULL;
CREATE INDEX comments_held ON comments (id) WHERE held IS NOT NULL;
CREATE INDEX comments_held_by_author ON comments (author_id, id) WHERE held IS NOT NULL;
CREATE INDEX comments_own_by_time ON comments (author_id, video_id, time, id) WHERE is_held = 1;
CREATE INDEX comments_own_by_position ON comments (author_id, video_id, position_ms, id)
  WHERE is_held = 1 AND position_ms IS NOT NULL;
CREATE INDEX reports_by_state ON reports (state, id);
CREATE INDEX reports_by_video ON reports (video_id, state, id) WHERE video_id IS NOT NULL;
CREATE INDEX reports_about ON reports (about_id, state, id);
CREATE INDEX reports_by_reporter ON reports (reporter_id, id) WHERE reporter_id IS NOT NULL;
CREATE UNIQUE INDEX reports_of_user ON reports (subject, reporter_id) WHERE reporter_id IS NOT NULL AND state = 'open';
CREATE UNIQUE INDEX reports_of_guest ON reports (subject, contact, reason, text)
  WHERE reporter_id IS NULL AND contact IS NOT NULL AND state = 'open';
CREATE TRIGGER reports_of_transferred AFTER UPDATE OF author_id ON video_info
WHEN old.author_id <> new.author_id BEGIN
  UPDATE reports SET about_id = new.author_id WHERE video_id = new.id AND what = 'video';
END;
CREATE INDEX reports_resolved ON reports (decision_time) WHERE state = 'resolved';
CREATE INDEX blocked_contents_by_time ON blocked_contents (time, sha256);
CREATE TRIGGER video_blocked_removed AFTER DELETE ON video_info WHEN old.blocked IS NOT NULL AND old.sha256 <> '' BEGIN
  INSERT INTO blocked_contents (sha256, reason, blocked_by, time)
    VALUES (old.sha256, 'of a blocked video that was removed', old.blocked_by, old.blocked_time) ON CONFLICT (sha256) DO NOTHING;
END;
CREATE INDEX reports_decided_by ON reports (decided_by) WHERE decided_by IS NOT NULL;
CREATE INDEX blocked_contents_by_user ON blocked_contents (blocked_by) WHERE blocked_by IS NOT NULL;
CREATE INDEX video_by_original ON video_info (original_sha256, id) WHERE original_sha256 IS NOT NULL;
CREATE INDEX video_by_author_duration ON video_info (author_id, state, duration_ms, id);
CREATE INDEX video_by_state_duration ON video_info (state, duration_ms, id);
CREATE INDEX video_unprobed ON video_info (state, probed, id) WHERE state = 'ready' AND probed = 0;
CREATE INDEX uploads_by_owner ON uploads (owner_id, id);
CREATE INDEX uploads_by_owner_state ON uploads (owner_id, state);
CREATE INDEX uploads_by_video ON uploads (video_id, state);
CREATE INDEX uploads_by_end ON uploads (state, expires, id);
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
CREATE TRIGGER subtitles_added AFTER INSERT ON subtitles BEGIN
  UPDATE video_info SET beside_size = beside_size + new.size WHERE id = new.video_id;
END;
CREATE TRIGGER subtitles_changed AFTER UPDATE OF size ON subtitles WHEN new.size <> old.size BEGIN
  UPDATE video_info SET beside_size = beside_size + new.size - old.size WHERE id = new.video_id;
END;
CREATE TRIGGER subtitles_removed AFTER DELETE ON subtitles BEGIN
  UPDATE video_info SET beside_size = beside_size - old.size WHERE id = old.video_id;
END;
CREATE INDEX drops_by_user ON drops (user_id, create_time, id);
CREATE TRIGGER video_of_drop_removed AFTER DELETE ON video_info WHEN old.drop_id IS NOT NULL AND old.blob IS NULL BEGIN
  UPDATE drops SET files = files - 1, bytes = bytes - old.drop_size WHERE id = old.drop_id;
END;
CREATE TRIGGER video_thumbnail_changed AFTER UPDATE OF thumbnail_size ON video_info
WHEN new.thumbnail_size <> old.thumbnail_size BEGIN
  UPDATE video_info SET beside_size = beside_size + new.thumbnail_size - old.thumbnail_size WHERE id = new.id;
END;
CREATE UNIQUE INDEX comments_by_source ON comments (video_id, source_id) WHERE source_id IS NOT NULL;
CREATE INDEX comments_imported_by ON comments (author_id) WHERE source_id IS NOT NULL;
CREATE INDEX comments_plain_by_time ON comments (video_id, is_held, time, id) WHERE position_ms IS NULL;
CREATE INDEX comments_live_by_time ON comments (video_id, is_held, time, id)
  WHERE position_ms IS NOT NULL AND source_id IS NULL;
CREATE TRIGGER comments_imported_removed AFTER DELETE ON comments WHEN old.source_id IS NOT NULL BEGIN
  UPDATE video_info SET beside_size = beside_size - length(CAST(old.content AS BLOB)) - 300 WHERE id = old.video_id;
END;
CREATE TRIGGER comments_imported_emptied AFTER UPDATE OF source_id ON comments
WHEN old.source_id IS NOT NULL AND new.source_id IS NULL BEGIN
  UPDATE video_info SET beside_size = beside_size - length(CAST(old.content AS BLOB)) - 300 WHERE id = old.video_id;
END;
CREATE INDEX history_by_time ON history (user_id, time, video_id);
CREATE INDEX history_by_age ON history (time);
CREATE INDEX history_by_video ON history (video_id);
CREATE INDEX counted_views_by_time ON counted_views (time);
CREATE TRIGGER rendition_owner_changed AFTER UPDATE OF author_id ON video_info BEGIN
  UPDATE rendition_queue SET user_id = new.author_id WHERE video_id = new.id;
END;
CREATE INDEX rendition_queue_by_user ON rendition_queue (form, state, user_id, due, video_id);
CREATE INDEX rendition_queue_by_state ON rendition_queue (state, video_id, form);
CREATE INDEX rendition_queue_by_user_state ON rendition_queue (user_id, state, video_id, form);
CREATE TRIGGER content_inserted AFTER INSERT ON video_info WHEN new.blob IS NOT NULL BEGIN
  INSERT INTO content_changes (path) VALUES ('blobs/' || substr(new.blob, 1, 2) || '/' || new.blob);
END;
CREATE TRIGGER content_changed AFTER UPDATE OF blob ON video_info
WHEN new.blob IS NOT NULL AND new.blob IS NOT old.blob BEGIN
  INSERT INTO content_changes (path) VALUES ('blobs/' || substr(new.blob, 1, 2) || '/' || new.blob);
END;
CREATE TRIGGER content_thumbnail_changed AFTER UPDATE OF thumbnail ON video_info
WHEN new.thumbnail IS NOT NULL AND new.thumbnail IS NOT old.thumbnail BEGIN
  INSERT INTO content_changes (path) VALUES ('derived/' || new.id || '/' || new.thumbnail);
END;
CREATE TRIGGER content_play_changed AFTER UPDATE OF play ON video_info
WHEN new.play IS NOT NULL AND new.play IS NOT old.play BEGIN
  INSERT INTO content_changes (path) VALUES ('derived/' || new.id || '/' || new.play);
END;
COMMIT;
