-- MySQL dump 10.13  Distrib 8.0.30
SET NAMES utf8mb4;
CREATE TABLE users (id int unsigned NOT NULL AUTO_INCREMENT, name varchar(40) NOT NULL, pwd text NOT NULL, PRIMARY KEY (id));
REPLACE INTO users VALUES (1,'ada','password of another ada'),(2,'bcrypt','$2a$14$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234');
CREATE TABLE video_info (id int unsigned NOT NULL AUTO_INCREMENT, author_id int, title text, description text, create_time datetime, PRIMARY KEY (id));
INSERT INTO video_info VALUES (1,1,'First','What it\'s\nabout','2020-05-06 07:08:09') ON DUPLICATE KEY UPDATE id = id;
CREATE TABLE comments (id int unsigned NOT NULL AUTO_INCREMENT, video_id int, author_id int, content text, post_time datetime, PRIMARY KEY (id));
INSERT INTO comments VALUES (1,1,2,'Nice','2020-05-06 07:08:10');
