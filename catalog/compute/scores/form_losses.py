"""Losses of a response in the forms of the papers' published code, which `ifd` is made of.

`catalog.models.response_forms` has the texts. Each is the mean cross-entropy of the response
tokens in nats, without an end of sequence. Each answer of a conversation is read after the turns
before it, as a pair of its own.
"""

from __future__ import annotations

from itertools import chain, islice

import pyarrow as pa

from catalog.compute.scores.measure import (
    Measure,
    ScoreContext,
    measured_identity,
    measured_score,
    values_of_losses,
)
from catalog.compute.shard_writer import Values
from catalog.engine.lazy import Lazy


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
    loaded, options = Lazy(context.load), context.options

    def values(texts: pa.Table) -> Values:
        from catalog.compute.language_model import instructions_of
        from catalog.models.losses import grouped, response_losses
        from catalog.models.response_forms import RESPONSE_FORMS, form_tokens
        from catalog.models.tokens import nothing
        from catalog.models.training_turns import by_answer

        lm, is_all = loaded(), options.turns == "all"
        split = [by_answer(each) if is_all else ([each], None) for each in instructions_of(texts)]
        pairs = form_tokens(
            [each for answers, _ in split for each in answers],
            tokenizer=lm.tokenizer,
            form=RESPONSE_FORMS[form],
            has_prompt=has_prompt,
            max_length=options.max_length,
        )
        lm.require_positions(pairs)
        left = iter(pairs)
        groups = [
            list(islice(left, len(answers))) if reason is None else [nothing(reason)]
            for answers, reason in split
        ]
        tokens = list(chain(*groups))
        losses = grouped(response_losses(lm, tokens), map(len, groups))
        return values_of_losses(texts, tokens, losses)

    identity = measured_identity(context) | {"form": form}
    del identity["template"]  # the form has its own prompt
    return Measure(identity, values)
