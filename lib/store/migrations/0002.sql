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

-- Whether all videos of a user who is gone are in the queue, and only their end is waited for.
ALTER TABLE user_del_rec ADD COLUMN queued INTEGER NOT NULL DEFAULT 0 CHECK (queued IN (0, 1));
