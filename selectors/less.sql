-- summary: Take the members whose gradients point most along those of a target.
-- paper: LESS, Selecting Influential Data for Targeted Instruction Tuning, arXiv 2402.04333: the mean over a subtask's examples of the cosine of Adam's step for a member with an example's gradient, weighted by the rate of each checkpoint, the largest over subtasks
-- ours: a subtask is a source of the target; the authors know theirs by name. Their rank is 128, over 4 epochs of 5 % of the data
-- needs: gradients
-- param: target reference              examples of what the model should become good at
-- param: model text = NULL             model of the gradients, if there are several

SELECT instruction_id, influence, subtask
FROM influence(
    (SELECT instruction_id, fingerprint, vector FROM gradients($pool, model => $model)),
    (
        SELECT fingerprint, source AS subtask, vector
        FROM gradients($target, model => $model, target_of => $pool)
        JOIN pool($target) USING (instruction_id, fingerprint)
    )
)
ORDER BY influence DESC, fingerprint
LIMIT $budget
