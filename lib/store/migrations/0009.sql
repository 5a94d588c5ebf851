-- Version 9. What a moderator who is deleted has blocked.

CREATE INDEX video_blocked_by ON video_info (blocked_by) WHERE blocked_by IS NOT NULL;
