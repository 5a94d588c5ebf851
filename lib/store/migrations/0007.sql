-- Version 7. A token that was created with another token is revoked together with it.

ALTER TABLE tokens ADD COLUMN made_by TEXT REFERENCES tokens (token_hash) ON DELETE CASCADE;
CREATE INDEX tokens_by_maker ON tokens (made_by) WHERE made_by IS NOT NULL;
