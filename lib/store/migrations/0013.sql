-- Version 13. What a content says about itself. 0 and NULL: not known.

ALTER TABLE video_info DROP COLUMN duration_ms;
ALTER TABLE video_info ADD COLUMN duration_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE video_info ADD COLUMN width INTEGER;
ALTER TABLE video_info ADD COLUMN height INTEGER;
ALTER TABLE video_info ADD COLUMN video_codec TEXT;
ALTER TABLE video_info ADD COLUMN audio_codec TEXT;
ALTER TABLE video_info ADD COLUMN faststart INTEGER CHECK (faststart IN (0, 1));
ALTER TABLE video_info ADD COLUMN fragmented INTEGER CHECK (fragmented IN (0, 1));
ALTER TABLE video_info ADD COLUMN has_location INTEGER CHECK (has_location IN (0, 1));
-- Whether the content was looked into. A migration sets it to 0 when a later version finds out more.
ALTER TABLE video_info ADD COLUMN probed INTEGER NOT NULL DEFAULT 0 CHECK (probed IN (0, 1));
-- Of the content that was uploaded, if the location was removed from it.
ALTER TABLE video_info ADD COLUMN original_sha256 TEXT;
CREATE INDEX video_by_original ON video_info (original_sha256, id) WHERE original_sha256 IS NOT NULL;
CREATE INDEX video_by_author_duration ON video_info (author_id, state, duration_ms, id);
CREATE INDEX video_by_state_duration ON video_info (state, duration_ms, id);
CREATE INDEX video_unprobed ON video_info (state, probed, id) WHERE state = 'ready' AND probed = 0;
