-- Schema version 0010, made by make.sh. Never changed.
PRAGMA application_id = 1447642181;
PRAGMA user_version = 10;
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
, role TEXT NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'moderator', 'admin')), display_name TEXT, comments_approved INTEGER NOT NULL DEFAULT 0 CHECK (comments_approved IN (0, 1))) STRICT;
INSERT INTO users VALUES(1,'ada','$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA',0,NULL,1700000000000,NULL,1,10,0,'admin',NULL,0);
INSERT INTO users VALUES(3,'Bob.B','',0,NULL,1700000000001,NULL,1,20,20,'user',NULL,0);
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
  duration_ms INTEGER
, description TEXT NOT NULL DEFAULT '', visibility TEXT NOT NULL DEFAULT 'unlisted'
  CHECK (visibility IN ('public', 'unlisted', 'private')), blocked TEXT, blocked_by INTEGER, blocked_time INTEGER, reported INTEGER NOT NULL DEFAULT 0 CHECK (reported IN (0, 1)), listed INTEGER NOT NULL
  GENERATED ALWAYS AS (state = 'ready' AND visibility = 'public' AND blocked IS NULL) VIRTUAL, comments_off INTEGER NOT NULL DEFAULT 0 CHECK (comments_off IN (0, 1))) STRICT, WITHOUT ROWID;
INSERT INTO video_info VALUES('018bcfe5-6800-7000-8000-000000000001',1,'ready','ready','Nov 14 2023, 22:13:20',1700000000000,10,'video/mp4','1111111111111111111111111111111111111111111111111111111111111111','11111111111111111111111111111111.mp4',1700000000000,NULL,'','unlisted',NULL,NULL,NULL,0,0);
INSERT INTO video_info VALUES('018bcfe5-6800-7000-8000-000000000002',3,'deleted ''ä'' 猫','deleted','Nov 14 2023, 22:13:20',1700000000000,20,'video/webm','2222222222222222222222222222222222222222222222222222222222222222','22222222222222222222222222222222.webm',1700000000000,NULL,'','unlisted',NULL,NULL,NULL,0,0);
INSERT INTO video_info VALUES('018bcfe5-6800-7000-8000-000000000003',3,'pending','pending','Nov 14 2023, 22:13:20',1700000000000,0,'','',NULL,NULL,NULL,'','unlisted',NULL,NULL,NULL,0,0);
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
) STRICT, WITHOUT ROWID;
INSERT INTO comments VALUES('018bcfe5-6800-7000-8000-000000000011','018bcfe5-6800-7000-8000-000000000001',3,'a comment',1700000000002,NULL,NULL,NULL);
INSERT INTO comments VALUES('018bcfe5-6800-7000-8000-000000000012','018bcfe5-6800-7000-8000-000000000001',1,'弾幕',1700000000003,1500,NULL,NULL);
DELETE FROM sqlite_sequence;
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
COMMIT;
