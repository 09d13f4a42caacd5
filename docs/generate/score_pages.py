"""A card for each score and each kind of labels: what it computes, its source, needs and cost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import docstrings
from method_pages import cited

from catalog.compute.scores import MEASURES
from catalog.signals.model_score_files import built_in_model_scores
from catalog.signals.model_scores import ClassifierScore, JudgeScore
from catalog.signals.score_definitions import (
    DETECTED,
    FORMS,
    MEASURED,
    OF,
    TEXTS,
    ScoreDefinition,
    built_in_scores,
    needs_model,
)

HEAD = """# Scores

`catalog score POOL NAME` computes each of these, and first what it is made of.
`catalog scores list` lists them with those that you added.
Write your own: [a formula](../how-to/write-a-score.md) or [a judge](../how-to/judge.md).

"""
_NOT_SCORES = (
    "Not scores of their own, because an import or a formula says the same: "
    "reward and influence of other programs (`catalog scores import`), and DEITA's product of "
    "complexity and quality (a formula over both).\n"
)


def pages() -> dict[str, str]:
    """Return the reference of scores by its path."""
    every = {
        "From texts, without a model": [*_texts(), *map(_detected, DETECTED)],
        "Measured by a language model": [*map(_measured, MEASURED)],
        "From other signals": [*_derived()],
        "Given by a judge": [*_judges()],
        "Given by a sequence-classification model": [*_classifiers()],
    }
    parts = [HEAD]
    for title, cards in every.items():
        parts += [f"## {title}\n", *cards]
    return {"reference/scores.md": "\n".join([*parts, _NOT_SCORES])}


def _card(name: str, summary: str, facts: dict[str, str | None], body: Iterable[str] = ()) -> str:
    rows = [f"| {key} | {text} |" for key, text in facts.items() if text]
    table = "\n".join(["| | |", "|---|---|", *rows]) + "\n"
    return "\n".join([f"### {name}\n", f"{docstrings.inline(summary)}\n", table, *body])


def _texts() -> Iterator[str]:
    return (_formula(each) for each in built_in_scores().values() if TEXTS in each.sources)


def _derived() -> Iterator[str]:
    return (_formula(each) for each in built_in_scores().values() if TEXTS not in each.sources)


def _formula(definition: ScoreDefinition) -> str:
    names = [f"`{each.source}`" for each in definition.inputs if each.source != OF]
    if OF in definition.sources:
        names.insert(0, "the score that `--rank-by` names")
    cost = "One SQL query."
    if needs_model(definition.name, built_in_scores()):
        cost = "One SQL query, after the passes of the model over the pool for its inputs."
    facts = {
        "source": cited(definition.paper or "") or "ours",
        "needs": ", ".join(names),
        "forms": ", ".join(f"`{form}`" for form in FORMS) if definition.form else None,
        "cost": cost,
    }
    code = re.sub(r"\A(?:--.*\n)*", "", definition.text).strip()
    body = [f"{_comment(definition.text)}\n", f"```sql\n{code}\n```\n"]
    return _card(definition.name, definition.summary, facts, body)


def _comment(text: str) -> str:
    """Return what a formula's header says below its keys, as Markdown."""
    lines = re.findall(r"^--(.*)$", text.partition("\n\n")[0], flags=re.MULTILINE)
    plain = [line.strip() for line in lines if not re.match(r"\s*[a-z-]+:", line)]
    return "\n".join(plain).strip()


def _measured(name: str) -> str:
    parsed = docstrings.parse(MEASURES[name].__doc__)
    cost = "One pass of the model over the pool, batched by length."
    if name == "n_tokens":
        cost = "Tokenising the pool once; no forward pass."
    facts = {"source": "ours", "needs": "`--model`: a proxy, an id or a path", "cost": cost}
    return _card(name, MEASURED[name], facts, [f"{docstrings.inline(parsed.prose)}\n"])


def _detected(name: str) -> str:
    parsed = docstrings.parse(MEASURES[name].__doc__)
    facts = {
        "source": "lingua-language-detector",
        "makes": "labels, which `labels(ref, name => 'language')` reads"
        if name == "language"
        else "a score",
        "needs": "the extra `catalog[language]`",
        "cost": "One pass of lingua over the texts, on all processors; about 1 GB of memory.",
    }
    return _card(name, DETECTED[name], facts, [f"{docstrings.inline(parsed.prose)}\n"])


def _judges() -> Iterator[str]:
    for name, definition in built_in_model_scores().items():
        if not isinstance(definition, JudgeScore):
            continue
        facts = {
            "source": cited(definition.paper or ""),
            "words": definition.source,
            "makes": "labels" if definition.signal_kind == "labels" else None,
            "scale": " to ".join(f"{end:g}" for end in definition.scale or ()),
            "reads": ", ".join(f"`{{{field}}}`" for field in definition.inputs),
            "parser": f"`{definition.parser}`",
            "needs": "`--endpoint` and `--model`, or a batch file",
            "cost": f"One request for each {definition.per}; equal requests are asked once.",
        }
        template = f"````text\n{(definition.template or '').strip()}\n````\n"
        yield _card(name, definition.summary, facts, [template])


def _classifiers() -> Iterator[str]:
    for name, definition in built_in_model_scores().items():
        if isinstance(definition, ClassifierScore):
            facts = {
                "source": "the model that you name",
                "reads": ", ".join(f"`{{{field}}}`" for field in definition.inputs),
                "needs": "`--model`: an id or a path of a sequence-classification model",
                "cost": "One pass of the model over the pool, batched by length; at most "
                f"{definition.max_length:,} tokens a member.",
            }
            yield _card(name, definition.summary, facts)
