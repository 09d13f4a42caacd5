-- summary: Let every example of a target in turn take its most similar member.
-- paper: RDS+, Large-Scale Data Selection for Instruction Tuning, arXiv 2503.01807: states of the base model, weighted by position (`embed --encoder lm:MODEL`); any embedding serves. Examples take turns by fingerprint, which is ours
-- needs: embeddings
-- param: target reference              examples of what the model should become good at
-- param: encoder text = NULL           encoder of the embeddings, if there are several

SELECT instruction_id, target, similarity
FROM round_robin(
    (SELECT instruction_id, fingerprint, vector FROM embeddings($pool, encoder => $encoder)),
    (SELECT fingerprint, vector FROM embeddings($target, encoder => $encoder)),
    budget => $budget
)
ORDER BY rank
