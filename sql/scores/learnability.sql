-- summary: The loss before training minus the loss after it, in nats per token.
-- paper: SmallToLarge, Yang et al. 2024, arXiv 2403.07384, section 5; after arXiv 2206.07137
-- inputs: losses
--
-- From the trajectories of the proxy that `--model` names. `start` is the loss before training.
-- Trajectories without it (imported without `--first-is-start`, or of an earlier version) take the
-- first checkpoint in its place, after which training has begun: the ranking is another one.

SELECT instruction_id, coalesce(start, losses[1])::DOUBLE - losses[-1]::DOUBLE AS value, reason
FROM losses
