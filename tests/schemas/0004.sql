-- Schema version 0004, made by make.sh. Never changed.
PRAGMA application_id = 1447642181;
PRAGMA user_version = 4;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  login_name TEXT NOT NULL COLLATE NOCASE,
  pwd TEXT NOT NULL,
  role TEXT NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
  disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
  bytes_quota_own INTEGER CHECK (bytes_quota_own >= 0),
  create_time INTEGER NOT NULL,
  deleted INTEGER,
  video_count INTEGER NOT NULL DEFAULT 0,
  bytes_used INTEGER NOT NULL DEFAULT 0,
  bytes_trash INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO users VALUES(1,'ada','$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA','admin',0,NULL,1700000000000,NULL,1,10,0);
INSERT INTO users VALUES(3,'Bob.B','','user',0,NULL,1700000000001,NULL,1,20,20);
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
) STRICT, WITHOUT ROWID;
INSERT INTO video_info VALUES('018bcfe5-6800-7000-8000-000000000001',1,'ready','ready','Nov 14 2023, 22:13:20',1700000000000,10,'video/mp4','1111111111111111111111111111111111111111111111111111111111111111','11111111111111111111111111111111.mp4',1700000000000,NULL);
INSERT INTO video_info VALUES('018bcfe5-6800-7000-8000-000000000002',3,'deleted ''ä'' 猫','deleted','Nov 14 2023, 22:13:20',1700000000000,20,'video/webm','2222222222222222222222222222222222222222222222222222222222222222','22222222222222222222222222222222.webm',1700000000000,NULL);
INSERT INTO video_info VALUES('018bcfe5-6800-7000-8000-000000000003',3,'pending','pending','Nov 14 2023, 22:13:20',1700000000000,0,'','',NULL,NULL,NULL);
CREATE TABLE comments (
  id TEXT PRIMARY KEY,
  video_id TEXT NOT NULL REFERENCES video_info (id),
  author_id INTEGER NOT NULL REFERENCES users (id),
  content TEXT NOT NULL,
  time INTEGER NOT NULL,
  position_ms INTEGER CHECK (position_ms >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO comments VALUES('018bcfe5-6800-7000-8000-000000000011','018bcfe5-6800-7000-8000-000000000001',3,'a comment',1700000000002,NULL);
INSERT INTO comments VALUES('018bcfe5-6800-7000-8000-000000000012','018bcfe5-6800-7000-8000-000000000001',1,'弾幕',1700000000003,1500);
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
) STRICT, WITHOUT ROWID;
INSERT INTO tokens VALUES('bb','bbbbbbbbbbbb',1,'a token','full',NULL,1700000000000,NULL);
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
) STRICT, WITHOUT ROWID;
INSERT INTO blob_del_rec VALUES('33333333333333333333333333333333',1700000000000,0,NULL);
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
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('users',3);
CREATE UNIQUE INDEX users_by_name ON users (login_name) WHERE deleted IS NULL;
CREATE INDEX users_by_time ON users (create_time, id) WHERE deleted IS NULL;
CREATE INDEX users_admins ON users (role, disabled, id) WHERE deleted IS NULL;
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
CREATE INDEX comments_by_time ON comments (video_id, time, id);
CREATE INDEX comments_by_position ON comments (video_id, position_ms, id) WHERE position_ms IS NOT NULL;
CREATE INDEX comments_by_author ON comments (author_id, id);
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
COMMIT;
