-- summary: Maximise the information that a language model's last layer gains.
-- paper: FisherSFT, arXiv 2505.14826, Algorithm 1 (lazy and exact)
-- needs: states
-- param: model text = NULL             model of the token states, if there are several
-- param: regularization number = 1     lambda: the first information matrix is lambda times the identity
-- param: normalize text = none {none, length}  length divides a member's information by its tokens
-- param: optimizer text = exact {exact, stochastic}  all candidates in every round, or a sample of them
-- param: epsilon number = 0.1          accuracy of the stochastic optimizer

SELECT instruction_id, rank AS round, gain, information
FROM log_det(
    (SELECT instruction_id, fingerprint, states FROM token_states($pool, model => $model)),
    budget => $budget, regularization => $regularization, normalize => $normalize,
    optimizer => $optimizer, epsilon => $epsilon, seed => $seed
)
ORDER BY rank
