-- Scores that ask a model: definitions as TOML, and what a judge answered.

ALTER TABLE score_definitions ADD COLUMN language VARCHAR DEFAULT 'sql';  -- sql or toml

CREATE TABLE score_calls (
    score VARCHAR NOT NULL,                  -- the first score that asked
    model VARCHAR NOT NULL,                  -- its name at the endpoint
    instruction_id BIGINT NOT NULL,
    turn INTEGER NOT NULL,                   -- the assistant's turn that the answer is about, from 0
    request_sha256 VARCHAR NOT NULL,         -- of the request's body: the same request is never sent again
    answer VARCHAR,                          -- as the model wrote it; NULL: see problem
    logprobs VARCHAR,                        -- the likeliest first tokens, as JSON
    finish VARCHAR,                          -- why the model stopped
    problem VARCHAR,                         -- why there is no answer
    n_prompt_tokens INTEGER,                 -- NULL if the endpoint did not count
    n_answer_tokens INTEGER,
    seconds DOUBLE,
    cost DOUBLE,                             -- in the currency of the run's prices
    n_attempts INTEGER,
    answered_at TIMESTAMP NOT NULL
);
