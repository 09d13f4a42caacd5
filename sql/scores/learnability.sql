-- summary: The first loss of a trajectory minus its last, in nats per token.
-- paper: SmallToLarge, Yang et al. 2024, arXiv 2403.07384, section 5
-- inputs: losses
--
-- From the trajectories of the proxy that `--model` names.

SELECT instruction_id, losses[1]::DOUBLE - losses[-1]::DOUBLE AS value, reason
FROM losses
