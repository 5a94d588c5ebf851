-- Version 2. What the scheduler's tasks did, and what clearing many records at once needs.

CREATE TABLE task_runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  task TEXT NOT NULL,
  asked INTEGER NOT NULL CHECK (asked IN (0, 1)),
  began INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  done INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  error TEXT
) STRICT;
CREATE INDEX task_runs_by_task ON task_runs (task, id);

-- Grows in the transactions that clear records or note their failures: what a drain is measured by.
CREATE TABLE deletion_totals (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  cleared INTEGER NOT NULL,
  failures INTEGER NOT NULL
) STRICT;
INSERT INTO deletion_totals VALUES (1, 0, 0);

CREATE INDEX video_del_rec_by_owner ON video_del_rec (lease_owner) WHERE lease_owner IS NOT NULL;
CREATE INDEX video_by_blob ON video_info (blob) WHERE blob IS NOT NULL;

-- As before, but a deleted video that is claimed for clearing changes nothing of its owner's sums.
DROP TRIGGER video_changed;
CREATE TRIGGER video_changed AFTER UPDATE OF author_id, state, size ON video_info
WHEN new.author_id <> old.author_id OR new.size <> old.size
  OR (new.state IN ('pending', 'ready')) <> (old.state IN ('pending', 'ready'))
BEGIN
  UPDATE users SET video_count = video_count - (old.state IN ('pending', 'ready')),
                   bytes_used = bytes_used - old.size,
                   bytes_trash = bytes_trash - iif(old.state IN ('deleted', 'purging'), old.size, 0)
    WHERE id = old.author_id;
  UPDATE users SET video_count = video_count + (new.state IN ('pending', 'ready')),
                   bytes_used = bytes_used + new.size,
                   bytes_trash = bytes_trash + iif(new.state IN ('deleted', 'purging'), new.size, 0)
    WHERE id = new.author_id;
END;

-- Whether all videos of a user who is gone are in the queue, and only their end is waited for.
ALTER TABLE user_del_rec ADD COLUMN queued INTEGER NOT NULL DEFAULT 0 CHECK (queued IN (0, 1));
