-- A pool is for training or for evaluation. Nothing is selected from a pool for evaluation, which may be the target of a selection.

ALTER TABLE pools ADD COLUMN purpose VARCHAR DEFAULT 'train';  -- train or eval
