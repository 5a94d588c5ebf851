-- Version 17. How comments fly over the video, where imported ones come from, and videos without danmaku.

ALTER TABLE comments ADD COLUMN mode TEXT CHECK (mode IN ('scroll', 'top', 'bottom', 'reverse'));
ALTER TABLE comments ADD COLUMN color INTEGER CHECK (color BETWEEN 0 AND 16777215);
ALTER TABLE comments ADD COLUMN size TEXT CHECK (size IN ('small', 'normal', 'big'));
-- Of an imported comment: what its file calls its author, and its id there. author_id is then who answers for it: the
-- owner of the video.
ALTER TABLE comments ADD COLUMN imported_author TEXT;
ALTER TABLE comments ADD COLUMN source_id TEXT;
-- Importing a file again adds nothing.
CREATE UNIQUE INDEX comments_by_source ON comments (video_id, source_id) WHERE source_id IS NOT NULL;
-- What is said below a video is listed without the danmaku, of which there may be very many.
CREATE INDEX comments_plain_by_time ON comments (video_id, is_held, time, id) WHERE position_ms IS NULL;

ALTER TABLE video_info ADD COLUMN danmaku_off INTEGER NOT NULL DEFAULT 0 CHECK (danmaku_off IN (0, 1));
