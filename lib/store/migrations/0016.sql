-- Version 16. Pictures of videos, and forms of them that every browser plays: files in derived/, named here.

ALTER TABLE video_info ADD COLUMN thumbnail TEXT;
-- Bytes of a picture that a client has set, which count towards the quota; 0 of one made by the task thumbnails.
ALTER TABLE video_info ADD COLUMN thumbnail_size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE video_info ADD COLUMN play TEXT;

CREATE TRIGGER video_thumbnail_changed AFTER UPDATE OF thumbnail_size ON video_info
WHEN new.thumbnail_size <> old.thumbnail_size BEGIN
  UPDATE video_info SET beside_size = beside_size + new.thumbnail_size - old.thumbnail_size WHERE id = new.id;
END;

-- What the tasks thumbnails and renditions are to make. transcode: not made, because it would have to be encoded and
-- media.transcode does not allow it. dead: given up. forced: also if browsers play the content as it is.
CREATE TABLE rendition_queue (
  video_id TEXT NOT NULL REFERENCES video_info (id) ON DELETE CASCADE,
  form TEXT NOT NULL CHECK (form IN ('thumbnail', 'play')),
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'transcode', 'dead')),
  forced INTEGER NOT NULL DEFAULT 0 CHECK (forced IN (0, 1)),
  due INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  PRIMARY KEY (video_id, form)
) STRICT, WITHOUT ROWID;
CREATE INDEX rendition_queue_by_due ON rendition_queue (form, state, due, video_id);
INSERT INTO rendition_queue (video_id, form, due)
  SELECT id, 'thumbnail', create_time FROM video_info WHERE state IN ('ready', 'deleted')
  UNION ALL SELECT id, 'play', create_time FROM video_info WHERE state IN ('ready', 'deleted');
