"""Losses of a response in the forms of the papers' published code, which `ifd` is made of.

`catalog.models.response_forms` has the texts. Each is the mean cross-entropy of the response
tokens in nats, without an end of sequence.
"""

from __future__ import annotations

import pyarrow as pa

from catalog.compute.scores.measure import Measure, ScoreContext, measured_score, values_of_losses
from catalog.compute.shard_runner import Values


@measured_score
def cherry_response_loss(context: ScoreContext) -> Measure:
    """Measure the loss of a response after Alpaca's prompt (Cherry LLM, arXiv 2308.12032)."""
    return _measure(context, "cherry", has_prompt=True)


@measured_score
def cherry_answer_loss(context: ScoreContext) -> Measure:
    """Measure the loss of a response after ``### Response:`` alone (Cherry LLM)."""
    return _measure(context, "cherry", has_prompt=False)


@measured_score
def superfiltering_response_loss(context: ScoreContext) -> Measure:
    """Measure the loss of a response after its plain prompt (Superfiltering, arXiv 2402.00530)."""
    return _measure(context, "superfiltering", has_prompt=True)


@measured_score
def superfiltering_answer_loss(context: ScoreContext) -> Measure:
    """Measure the loss of a response alone, from its second token on (Superfiltering)."""
    return _measure(context, "superfiltering", has_prompt=False)


def _measure(context: ScoreContext, form: str, *, has_prompt: bool) -> Measure:
    def values(texts: pa.Table) -> Values:
        from catalog.compute.language_model import instructions_of
        from catalog.models.losses import response_losses
        from catalog.models.response_forms import RESPONSE_FORMS, form_tokens

        lm = context.load()
        tokens = form_tokens(
            instructions_of(texts),
            tokenizer=lm.tokenizer,
            form=RESPONSE_FORMS[form],
            has_prompt=has_prompt,
            max_length=context.max_length,
        )
        lm.require_positions(tokens)
        return values_of_losses(texts, tokens, response_losses(lm, tokens))

    identity = dict(context.model.identity()) | {"form": form, "max_length": context.max_length}
    del identity["template"]  # the form has its own prompt
    return Measure(identity, values)
