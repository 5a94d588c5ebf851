-- Version 5. What a video is about, in its owner's words.

ALTER TABLE video_info ADD COLUMN description TEXT NOT NULL DEFAULT '';
