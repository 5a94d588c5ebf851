-- Version 21. A token that `videoctl session login` made ends with its user's sessions and password; what a user has
-- said is listed.

ALTER TABLE tokens ADD COLUMN login INTEGER NOT NULL DEFAULT 0 CHECK (login IN (0, 1));
-- Their labels tell them apart.
UPDATE tokens SET login = 1 WHERE label GLOB 'videoctl@*';
-- Like a session, it may end without those that were made with it: they end with whatever it was made with itself.
UPDATE tokens SET made_by = (SELECT m.made_by FROM tokens m WHERE m.token_hash = tokens.made_by)
WHERE made_by IN (SELECT token_hash FROM tokens WHERE login = 1);
CREATE INDEX tokens_of_logins ON tokens (user_id) WHERE login = 1;
CREATE INDEX tokens_by_label ON tokens (label, user_id);

-- What a user has said, without what the user has imported.
CREATE INDEX comments_said_by ON comments (author_id, id) WHERE source_id IS NULL;
