-- Version 12. What a moderator who is deleted has decided and blocked.

CREATE INDEX reports_decided_by ON reports (decided_by) WHERE decided_by IS NOT NULL;
CREATE INDEX blocked_contents_by_user ON blocked_contents (blocked_by) WHERE blocked_by IS NOT NULL;
