"""Scores that ask a model: TOML files of three kinds.

``judge`` asks a chat model behind an endpoint; ``reward`` and ``classifier`` run a
sequence-classification model here. A file has the name of its score.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

FIELDS = ("prompt", "response", "turns", "system")
"""What a template can hold, in braces; ``{{prompt}}`` is the text ``{prompt}``."""

PLACE = re.compile(r"\{\{(\w+)\}\}|\{([A-Za-z_]\w*)\}")

Kind = Literal["judge", "reward", "classifier"]


@dataclass(frozen=True)
class ModelScore:
    """Score of any of the kinds.

    Attributes:
        name: of the score, and of its file.
        kind: what computes it.
        summary: a sentence for the list of scores.
        text: the whole file.
        paper: where the score comes from.
        source: where the wording of a template comes from, with its licence.
        template: what the model reads; None for a conversation under the model's own template.
        is_built_in: whether it comes with the catalog.
    """

    name: str
    kind: Kind
    summary: str
    text: str
    paper: str | None = None
    source: str | None = None
    template: str | None = None
    is_built_in: bool = True

    @property
    def origin(self) -> str:
        """Return the kind of a score that comes with the catalog, else ``added``."""
        return self.kind if self.is_built_in else "added"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return the fields of an instruction that the model reads."""
        if self.template is None:
            return ("turns",)
        return tuple(name for name in FIELDS if name in fields_of(self.template))


@dataclass(frozen=True)
class JudgeScore(ModelScore):
    """Score, or labels, that a chat model gives.

    Attributes:
        template: the user's message.
        system: the system message, if there is one.
        parser: ``json:KEY``, ``regex`` or ``choice`` for a number, ``labels:KEY`` for labels.
        pattern: of the parser ``regex``, with one group: the number.
        choices: the number of each answer, of the parser ``choice`` or of words at a JSON key.
        is_expected: whether the number is the mean of the choices, weighted by the probabilities
            of the answer's first token.
        scale: the smallest and largest number that is no mistake.
        per: whether one answer is about a record or about one turn of the assistant.
        combine: how the numbers of turns become one.
        sampling: parameters of the request, such as ``temperature``.
        factors: judges whose numbers of a turn are multiplied, in place of a template.
    """

    system: str | None = None
    parser: str = "json:score"
    pattern: str | None = None
    choices: Mapping[str, float] = field(default_factory=dict)
    is_expected: bool = False
    scale: tuple[float, float] | None = None
    per: Literal["record", "turn"] = "record"
    combine: str = "mean"
    sampling: Mapping[str, Any] = field(default_factory=dict)
    factors: tuple[str, ...] = ()

    @property
    def signal_kind(self) -> Literal["score", "labels"]:
        """Return the kind of the signal that the answers make."""
        return "labels" if self.parser.startswith("labels:") else "score"

    @property
    def is_factor(self) -> bool:
        """Return whether the judge gives a number of each turn, which others can multiply."""
        return self.per == "turn" and self.signal_kind == "score" and not self.factors


@dataclass(frozen=True)
class ClassifierScore(ModelScore):
    """Score that a sequence-classification model gives.

    Attributes:
        model: a Hugging Face id or a path; None if the command must name one.
        label: whose probability is the score; None for a model with one output.
        max_length: tokens that the model reads.
    """

    model: str | None = None
    label: str | None = None
    max_length: int = 512


ModelScores = Mapping[str, JudgeScore | ClassifierScore]


def fields_of(template: str) -> list[str]:
    """Return the fields of a template, in its order.

    >>> fields_of('Rate {prompt} as {{score}} or {"score": 1}.')
    ['prompt']
    """
    return [match[2] for match in PLACE.finditer(template) if match[2]]


def conversation_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return the field ``turns``: each message with its role, and an empty line between.

    >>> conversation_text([{"role": "user", "content": "Hi."}, {"role": "tool", "content": None}])
    'user: Hi.\\n\\ntool: '
    """
    return "\n\n".join(f"{turn['role']}: {turn['content'] or ''}" for turn in messages)


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return a template with its fields filled.

    >>> fill("{prompt} {{prompt}}", {"prompt": "{response}"})
    '{response} {prompt}'
    """
    return PLACE.sub(lambda match: values[match[2]] if match[2] else f"{{{match[1]}}}", template)
