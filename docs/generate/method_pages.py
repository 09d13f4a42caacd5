"""A card for each selector: its file's facts, the studies' findings, advice from methods.toml."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from catalog.query.meaning.engines.portable import calls_here
from catalog.query.meaning.engines.rewrite import ENGINES
from catalog.selection.parameters import Param
from catalog.selection.selector import Selector, read_selector

DOCS = Path(__file__).resolve().parent.parent


FAMILIES = {
    "baseline": "Baseline",
    "losses": "From loss trajectories",
    "states": "From token states",
    "landscape": "From the information landscape",
    "embeddings": "From embeddings",
    "score": "From one score",
    "labels": "From labels",
    "targeted": "For a target",
}


def pages() -> dict[str, str]:
    """Return the cards, their index and the reference of selectors by their paths."""
    known = selectors()
    notes = advice()
    cards = {f"methods/{item.name}.md": card(item, notes.get(item.name, {})) for item in known}
    return {
        "methods/index.md": "\n".join([_index(known, notes), _papers(known)]),
        "reference/selectors.md": _reference(known),
        **cards,
    }


def selectors() -> list[Selector]:
    """Return the selectors that come with the package, by name."""
    files = sorted((DOCS.parent / "selectors").glob("*.sql"))
    return [read_selector(path.read_text(encoding="utf-8"), name=path.stem) for path in files]


def advice() -> dict[str, dict[str, Any]]:
    """Return what methods.toml says of each selector."""
    return tomllib.loads((DOCS / "methods.toml").read_text(encoding="utf-8"))


def card(selector: Selector, notes: dict[str, Any]) -> str:
    """Return one selector's card."""
    parts = [
        f"# {selector.name}\n",
        f"{selector.summary}\n",
        _facts(selector, notes),
        *_advice("When to use it", notes.get("when")),
        "## The exact rule\n",
        "The SQL is the rule. `$pool`, `$budget` and `$seed` are given; "
        "other names are parameters.\n",
        f"```sql\n{body(selector.text)}\n```\n",
        *_advice("What is inferred", notes.get("inferred") or _NOTHING_STATED),
        "## Parameters\n",
        _params(selector.params),
        "## What our studies found\n",
        *findings(notes.get("studies", [])),
    ]
    return "\n".join(parts)


def body(text: str) -> str:
    """Return a selector's SQL without its header."""
    return re.sub(r"\A(?:--.*\n|\s*\n)*", "", text).rstrip()


def findings(names: list[str]) -> list[str]:
    """Return the claims that the named studies put to the test, with their verdicts."""
    if not names:
        return ["Not studied here.\n"]
    parts: list[str] = []
    for name in names:
        study = json.loads((DOCS / "results" / f"{name}.json").read_text(encoding="utf-8"))
        title = f"[{study['title']}](../results/README.md#{name})"
        rows = [
            f"| {_cell(claim['claim'])} | {claim['verdict']} | {_cell(claim['measured'])} |"
            for claim in study["claims"]
        ]
        head = ["| claim | verdict | measured |", "|---|---|---|"]
        parts += [f"**{title}**\n", "\n".join([*head, *rows]) + "\n"]
    return parts


_NOTHING_STATED = "The header of the selector marks no choice as ours."


def _facts(selector: Selector, notes: dict[str, Any]) -> str:
    rows = {
        "paper": cited(selector.paper),
        "needs": ", ".join(selector.needs) or "nothing beyond the pool",
        "cost": notes.get("cost", ""),
        "order": "matters: train in rank order" if selector.order_matters else "does not matter",
    }
    lines = [f"| {name} | {text} |" for name, text in rows.items() if text]
    return "\n".join(["| | |", "|---|---|", *lines]) + "\n"


def cited(paper: str) -> str:
    """Return the source of a method with links to arXiv."""
    return re.sub(r"arXiv (\d{4}\.\d{5})", r"[arXiv \1](https://arxiv.org/abs/\1)", paper)


def _advice(title: str, text: str | None) -> list[str]:
    return [f"## {title}\n", f"{text.strip()}\n"] if text else []


def _params(params: tuple[Param, ...]) -> str:
    if not params:
        return "None besides the budget and the seed.\n"
    rows = [
        f"| `{param.name}` | {param.type} | {_default(param)} | {_cell(param.meaning)} |"
        for param in params
    ]
    return "\n".join(["| name | type | default | meaning |", "|---|---|---|---|", *rows]) + "\n"


def _default(param: Param) -> str:
    choices = f", one of {', '.join(param.choices)}" if param.choices else ""
    value = (
        "required"
        if param.is_required
        else f"`{'NULL' if param.default is None else param.default}`"
    )
    return value + choices


def _index(known: list[Selector], notes: dict[str, dict[str, Any]]) -> str:
    parts = [
        "# Methods\n",
        "Each method is one SQL file. A card gives the method's use, its paper, its exact rule, "
        "its cost, and what our studies found. Write your own: "
        "[Write a selector](../how-to/write-a-selector.md).\n",
        f"`explain --dialect` writes a method for {', '.join(ENGINES)}, unless a call in the "
        "column *elsewhere* computes here. See "
        "[Trace and port a selection](../how-to/trace-a-selection.md).\n",
    ]
    for family, title in FAMILIES.items():
        rows = [
            f"| [`{item.name}`]({item.name}.md) | {item.summary} | {', '.join(item.needs)} "
            f"| {_elsewhere(item)} |"
            for item in known
            if family_of(item, notes) == family
        ]
        head = ["| method | what it does | needs | elsewhere |", "|---|---|---|---|"]
        parts += [f"## {title}\n", "\n".join([*head, *rows]) + "\n"]
    return "\n".join(parts)


def _papers(known: list[Selector]) -> str:
    """Return where the rule of each method comes from, and why others are no selector."""
    rows = [
        f"| [`{item.name}`]({item.name}.md) | {cited(item.paper)} | {_cell(_ours(item))} |"
        for item in known
    ]
    others = tomllib.loads((DOCS / "methods_elsewhere.toml").read_text(encoding="utf-8"))
    parts = [
        f"| {name} | {_cell(item['where'])} | {_cell(item['why'])} |"
        for name, item in others.items()
    ]
    return "\n".join(
        [
            "## Whose rule it is\n",
            "A header names the paper, and says where the rule is read from its abstract alone or "
            "from its authors' code. The last column is what a header marks as ours.\n",
            "| method | rule | ours |",
            "|---|---|---|",
            *rows,
            "\n## Rules that are no selector\n",
            "| method | where it is | why |",
            "|---|---|---|",
            *parts,
            "",
        ]
    )


def _ours(selector: Selector) -> str:
    """Return what a header marks as ours."""
    return "; ".join(re.findall(r"^-- ours:\s*(.*)$", selector.text, re.MULTILINE)) or "nothing"


def _elsewhere(selector: Selector) -> str:
    """Return on which engines a method runs, or the calls that keep it here."""
    calls = ", ".join(f"`{name}`" for name in calls_here(selector.text))
    return f"no: {calls}" if calls else "yes"


def family_of(selector: Selector, notes: dict[str, dict[str, Any]]) -> str:
    """Return the family that methods.toml names, else the one of the first need."""
    named = notes.get(selector.name, {}).get("family")
    need = " ".join(selector.needs[:1]) or "baseline"
    return str(named or next((family for family in FAMILIES if family in need), "baseline"))


def _reference(known: list[Selector]) -> str:
    parts = [
        "# Selectors\n",
        "Headers and SQL of the selectors that come with the package. Parameters are set with "
        "`--set NAME=VALUE`. `$pool`, `$budget` and `$seed` are always given. "
        "The [method cards](../methods/index.md) say when to use which.\n",
    ]
    for item in known:
        parts += [
            f"## {item.name}\n",
            f"{item.summary} [Method card](../methods/{item.name}.md).\n",
            _params(item.params),
            f'```sql title="selectors/{item.name}.sql"\n{item.text.rstrip()}\n```\n',
        ]
    return "\n".join(parts)


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")
