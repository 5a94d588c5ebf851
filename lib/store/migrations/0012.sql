-- Version 12. What a moderator who is deleted has decided and blocked; how far deleted users have been looked for.

CREATE INDEX reports_decided_by ON reports (decided_by) WHERE decided_by IS NOT NULL;
CREATE INDEX blocked_contents_by_user ON blocked_contents (blocked_by) WHERE blocked_by IS NOT NULL;

-- Up to where the file deleted-users has been applied to this database: its bytes until then, and a hash of the last of
-- them. A database that is put back has its own.
CREATE TABLE deleted_users_applied (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  bytes INTEGER NOT NULL,
  hash INTEGER NOT NULL
) STRICT;
INSERT INTO deleted_users_applied VALUES (1, 0, 0);
