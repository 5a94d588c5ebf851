-- Version 19. Which files of contents were added, in order: what a standby has to fetch.

-- A path below the data directory, once for each time that a row came to name the file.
CREATE TABLE content_changes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  path TEXT NOT NULL
) STRICT;
INSERT INTO content_changes (path)
  SELECT 'blobs/' || substr(blob, 1, 2) || '/' || blob FROM video_info WHERE blob IS NOT NULL;
INSERT INTO content_changes (path)
  SELECT 'derived/' || id || '/' || thumbnail FROM video_info WHERE thumbnail IS NOT NULL;
INSERT INTO content_changes (path) SELECT 'derived/' || id || '/' || play FROM video_info WHERE play IS NOT NULL;

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
