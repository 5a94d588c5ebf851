-- Version 21. A token that `videoctl session login` made ends with its user's sessions and password.

ALTER TABLE tokens ADD COLUMN login INTEGER NOT NULL DEFAULT 0 CHECK (login IN (0, 1));
-- Their labels tell them apart.
UPDATE tokens SET login = 1 WHERE label GLOB 'videoctl@*';
CREATE INDEX tokens_of_logins ON tokens (user_id) WHERE login = 1;
CREATE INDEX tokens_by_label ON tokens (label, user_id);
