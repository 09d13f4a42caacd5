"""In which pass a row left out by ``instag`` brought no new tag."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from catalog.kernels.explain import Rows, Standing, fingerprint_order
from catalog.kernels.instag import tags_of


def standing(rows: pa.Table, *, chosen: Rows, at: int, **_others: Any) -> Standing:
    """The passes in which all the row's tags had been brought, by whom in the last of them, and what it would add now.

    Args:
        rows: what the kernel chose from.
        chosen: positions of the rows taken, in order. Shape (budget,).
        at: the position of a row that was not.
    """
    tags = tags_of(rows)
    own = tags[at]
    if not own:
        return Standing({"n_tags": 0}, {}, ("it has no tags, so that it never brings a new one",))
    ties = fingerprint_order(rows)
    passes = _passes(chosen.tolist(), tags, ties)
    n_tags = len(own)
    # Within a pass rows come by number of tags; what came after this one did not keep it out.
    n_before = sum((-len(tags[row]), ties[row]) < (-n_tags, ties[at]) for row in passes[-1])
    is_reached = n_before < len(passes[-1])  # the last pass went on after its turn
    seen = frozenset().union(*(tags[row] for row in passes[-1]))
    new = sorted(own - seen)
    n_failed = len(passes) - (not is_reached)
    numbers = {
        "n_tags": n_tags,
        "n_passes": len(passes),
        "n_failed_passes": n_failed,
        "new_tags": new,
    }
    others: dict[str, int] = {}
    said = []
    if n_failed:
        brought = [
            row
            for row in passes[n_failed - 1]
            if (-len(tags[row]), ties[row]) < (-n_tags, ties[at]) and tags[row] & own
        ]
        others["brought"] = max(brought, key=lambda row: len(tags[row] & own))
        which = f"passes 1 to {n_failed}" if n_failed > 1 else "pass 1"
        shared = len(tags[others["brought"]] & own)
        said.append(
            f"in {which} it brought no new tag: others had brought its {n_tags} before, {{brought}} had {shared} of them"
        )
    if not is_reached:
        others["last"] = int(chosen[-1])
        adds = f"; it would have added {', '.join(new)}" if new else "; it would have added no tag"
        said.append(
            f"in pass {len(passes)} the budget was full before its turn, with {{last}}{adds}"
        )
    return Standing(numbers, others, tuple(said))


def _passes(chosen: list[int], tags: list[frozenset[Any]], ties: Any) -> list[list[int]]:
    """The rows taken, pass by pass: within one they come by number of tags, so a step back begins the next."""
    passes: list[list[int]] = []
    last = None
    seen: frozenset[Any] = frozenset()
    for row in chosen:
        key = (-len(tags[row]), ties[row])
        if last is None or key < last or not tags[row] - seen:
            passes.append([])
            seen = frozenset()
        passes[-1].append(row)
        seen |= tags[row]
        last = key
    return passes
