-- The original site, with what is hard to bring over. tests/import.sh dumps it with a real MariaDB.
SET NAMES utf8mb4;
CREATE TABLE users (id INT UNSIGNED PRIMARY KEY AUTO_INCREMENT, login_name VARCHAR(64) UNIQUE, pwd TEXT NOT NULL);
CREATE TABLE video_info (id VARCHAR(64) PRIMARY KEY, author_id INT UNSIGNED, name TEXT, display_ctime TEXT,
  create_time DATETIME DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE comments (id VARCHAR(64) PRIMARY KEY, video_id VARCHAR(64), author_id INT UNSIGNED, content TEXT,
  time DATETIME DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE sessions (session_id VARCHAR(64) PRIMARY KEY, TTL TINYTEXT, login_name TEXT);
CREATE TABLE video_del_rec (video_id VARCHAR(64) PRIMARY KEY);
INSERT INTO users VALUES (1, 'ada', 'secret'), (2, 'o''hara', 'it''s; \\ "x"'), (3, '王小明', '密码'), (4, 'a\nb\t\Z\0c', '');
INSERT INTO video_info VALUES
  ('0f0a5c62-0d6c-4a4e-8a39-b3b0f3b6d1a1', 1, 'Holiday', 'Nov 21 2026, 01:48:20', '2026-11-21 01:48:20'),
  ('7', 3, '在湖边 🏖', 'Nov 22 2026, 10:00:00', '2026-11-22 10:00:00'),
  ('gone', 2, NULL, '', NULL);
INSERT INTO comments VALUES ('c1', '7', 2, 'Sunny!\r\n); INSERT INTO users VALUES (9,''x'',''y'');', '2026-11-22 10:01:00'),
  ('c2', 'missing', 99, '', '2026-11-22 10:02:00');
INSERT INTO sessions VALUES ('5e1', '1795000000000', 'ada');
INSERT INTO video_del_rec VALUES ('gone');
CREATE TRIGGER no_row AFTER DELETE ON users FOR EACH ROW INSERT INTO video_del_rec VALUES ('a;b');
