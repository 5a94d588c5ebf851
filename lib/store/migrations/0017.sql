-- Version 17. How comments fly over the video, where imported ones come from, and videos without danmaku.

ALTER TABLE comments ADD COLUMN mode TEXT CHECK (mode IN ('scroll', 'top', 'bottom', 'reverse'));
ALTER TABLE comments ADD COLUMN color INTEGER CHECK (color BETWEEN 0 AND 16777215);
ALTER TABLE comments ADD COLUMN size TEXT CHECK (size IN ('small', 'normal', 'big'));
-- Of an imported comment: what its file calls its author, its id there, and what Bilibili says of its mode, size, pool
-- and level if the other columns do not. author_id is then who answers for it: the owner of the video.
ALTER TABLE comments ADD COLUMN imported_author TEXT;
ALTER TABLE comments ADD COLUMN source_id TEXT;
ALTER TABLE comments ADD COLUMN source_style TEXT;
-- Importing a file again adds nothing.
CREATE UNIQUE INDEX comments_by_source ON comments (video_id, source_id) WHERE source_id IS NOT NULL;
-- They go with the video to another owner.
CREATE INDEX comments_imported_by ON comments (author_id) WHERE source_id IS NOT NULL;
-- What is said of a video, and what is posted while it plays; a file with very many danmaku is in neither.
CREATE INDEX comments_plain_by_time ON comments (video_id, is_held, time, id) WHERE position_ms IS NULL;
CREATE INDEX comments_live_by_time ON comments (video_id, is_held, time, id)
  WHERE position_ms IS NOT NULL AND source_id IS NULL;
-- Imported comments count for the owner of the video: their bytes, and 300 for the rest of the row. Whoever inserts
-- them adds that for many at once.
CREATE TRIGGER comments_imported_removed AFTER DELETE ON comments WHEN old.source_id IS NOT NULL BEGIN
  UPDATE video_info SET beside_size = beside_size - length(CAST(old.content AS BLOB)) - 300 WHERE id = old.video_id;
END;
CREATE TRIGGER comments_imported_emptied AFTER UPDATE OF source_id ON comments
WHEN old.source_id IS NOT NULL AND new.source_id IS NULL BEGIN
  UPDATE video_info SET beside_size = beside_size - length(CAST(old.content AS BLOB)) - 300 WHERE id = old.video_id;
END;

ALTER TABLE video_info ADD COLUMN danmaku_off INTEGER NOT NULL DEFAULT 0 CHECK (danmaku_off IN (0, 1));
