-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: video_server
-- ------------------------------------------------------
-- Server version	10.11.6-MariaDB-0+deb12u1

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;

--
-- Table structure for table `comments`
--

DROP TABLE IF EXISTS `comments`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8 */;
CREATE TABLE `comments` (
  `id` varchar(64) NOT NULL,
  `video_id` varchar(64) DEFAULT NULL COMMENT 'of video_info; see `id`, (there)',
  `author_id` int(10) DEFAULT NULL,
  `content` text DEFAULT NULL,
  `time` datetime DEFAULT current_timestamp(),
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
/*!40101 SET character_set_client = @saved_cs_client */;

LOCK TABLES `comments` WRITE;
/*!40000 ALTER TABLE `comments` DISABLE KEYS */;
INSERT INTO `comments` VALUES
('2f9d0fbc-9f3c-4f0e-8d1b-0000000000c1','3c6e0b8a-9c15-424a-8d1b-0000000000a1',1,'It\'s \"fine\"; two\nlines -- no comment\\','2023-01-02 03:04:05'),
('2f9d0fbc-9f3c-4f0e-8d1b-0000000000c2','3c6e0b8a-9c15-424a-8d1b-0000000000a1',3,'好看 🎬''s','2023-01-02 03:04:06'),
('2f9d0fbc-9f3c-4f0e-8d1b-0000000000c3','no-such-video',1,'lost','2023-01-02 03:04:07'),
('2f9d0fbc-9f3c-4f0e-8d1b-0000000000c4','3c6e0b8a-9c15-424a-8d1b-0000000000a1',1,'','2023-01-02 03:04:08');
/*!40000 ALTER TABLE `comments` ENABLE KEYS */;
UNLOCK TABLES;

DROP TABLE IF EXISTS `sessions`;
CREATE TABLE `sessions` (
  `session_id` tinytext NOT NULL,
  `TTL` tinytext DEFAULT NULL,
  `login_name` text DEFAULT NULL,
  PRIMARY KEY (`session_id`(64))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO `sessions` VALUES ('0d9c3d6e-5a83-4d1c-9d0a-0000000000d1','1672628645000','ada'),('0d9c3d6e-5a83-4d1c-9d0a-0000000000d2',NULL,'bob');

DROP TABLE IF EXISTS `users`;
CREATE TABLE `users` (
  `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
  `login_name` varchar(64) DEFAULT NULL,
  `pwd` text NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `login_name` (`login_name`)
) ENGINE=InnoDB AUTO_INCREMENT=6 DEFAULT CHARSET=utf8mb4;
INSERT INTO `users` VALUES (1,'ada','secret of ada'),(2,'o\'hara','x'),(3,'李雷','密码 1234'),(4,'o hara',''),(5,'韩梅梅','5f4dcc3b5aa765d61d8327deb882cf99');

DROP TABLE IF EXISTS `video_del_rec`;
CREATE TABLE `video_del_rec` (
  `video_id` varchar(64) NOT NULL,
  PRIMARY KEY (`video_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO `video_del_rec` VALUES ('3c6e0b8a-9c15-424a-8d1b-0000000000a3'),('3c6e0b8a-9c15-424a-8d1b-0000000000af');

DROP TABLE IF EXISTS `video_info`;
CREATE TABLE `video_info` (
  `id` varchar(64) NOT NULL,
  `author_id` int(10) unsigned DEFAULT NULL,
  `name` text DEFAULT NULL,
  `display_ctime` text DEFAULT NULL,
  `create_time` datetime DEFAULT current_timestamp(),
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO `video_info` VALUES ('3c6e0b8a-9c15-424a-8d1b-0000000000a1',1,'Holiday; \'22','Jan 02 2023, 01:02:03','2023-01-02 01:02:03'),
('3c6e0b8a-9c15-424a-8d1b-0000000000a2',3,'no file','Jan 02 2023, 01:02:04','2023-01-02 01:02:04'),
('3c6e0b8a-9c15-424a-8d1b-0000000000a3',3,'to be deleted','Jan 02 2023, 01:02:05',NULL),
('3c6e0b8a-9c15-424a-8d1b-0000000000a4',1,'not a video','Jan 02 2023, 01:02:06','2023-01-02 01:02:06'),
('01857000-0000-7000-8000-0000000000a5',2,_binary 'kept its ID','Jan 02 2023, 01:02:07','2023-01-02 01:02:07'),
('3c6e0b8a-9c15-424a-8d1b-0000000000a6',9,'nobody\'s','Jan 02 2023, 01:02:08','2023-01-02 01:02:08');
/*!50003 DROP TRIGGER IF EXISTS `t` */;
DELIMITER ;;
/*!50003 CREATE*/ /*!50003 TRIGGER `t` BEFORE INSERT ON `users` FOR EACH ROW BEGIN
  SET NEW.pwd = 'a;b'; INSERT INTO `comments` VALUES ('not', 'a', 'row', 'of', 'ours');
END */;;
DELIMITER ;

-- Dump completed on 2023-01-03  4:05:06
