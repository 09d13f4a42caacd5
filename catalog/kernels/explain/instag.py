"""Find the passes in which a row that ``instag`` did not select brought no new tag."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from catalog.kernels._common.arrays import Rows
from catalog.kernels.explain import Counterfactual, fingerprint_order
from catalog.kernels.instag import tags_of


def counterfactual(
    rows: pa.Table, *, selected: Rows, position: int, **_others: Any
) -> Counterfactual:
    """Return the passes that passed the row over, which row had its tags, and what it adds now.

    Args:
        rows: what the kernel selected from.
        selected: positions of the selected rows, in order. Shape (budget,).
        position: the position of a row that was not selected.
    """
    all_tags = tags_of(rows)
    tags = all_tags[position]
    if not tags:
        return Counterfactual({"n_tags": 0}, {}, ("it has no tags, so it never adds a new one",))
    ties = fingerprint_order(rows)
    passes = _passes(selected.tolist(), all_tags, ties)

    def is_before(row: int) -> bool:
        """Within a pass, rows with more tags come first."""
        return bool((-len(all_tags[row]), ties[row]) < (-len(tags), ties[position]))

    n_before = sum(map(is_before, passes[-1]))
    is_reached = n_before < len(passes[-1])  # the last pass continued after this row
    n_failed = len(passes) if is_reached else len(passes) - 1
    seen = frozenset().union(*(all_tags[row] for row in passes[-1]))
    new = sorted(tags - seen)
    numbers = {
        "n_tags": len(tags),
        "n_passes": len(passes),
        "n_failed_passes": n_failed,
        "new_tags": new,
    }
    others: dict[str, int] = {}
    sentences = []
    if n_failed:
        sharing = [row for row in passes[n_failed - 1] if is_before(row) and all_tags[row] & tags]
        others["brought"] = max(sharing, key=lambda row: len(all_tags[row] & tags))
        n_shared = len(all_tags[others["brought"]] & tags)
        sentences.append(_failed(n_failed, n_tags=len(tags), n_shared=n_shared))
    if not is_reached:
        others["last"] = int(selected[-1])
        sentences.append(_not_reached(len(passes), new))
    return Counterfactual(numbers, others, tuple(sentences))


def _failed(n_failed: int, *, n_tags: int, n_shared: int) -> str:
    where = f"passes 1 to {n_failed}" if n_failed > 1 else "pass 1"
    return (
        f"in {where} it added no new tag: earlier rows had all {n_tags} of its tags; "
        f"{{brought}} had {n_shared} of them"
    )


def _not_reached(pass_number: int, new: list[str]) -> str:
    adds = f"would have added {', '.join(new)}" if new else "would have added no tag"
    return f"in pass {pass_number} the budget was full before it, at {{last}}; it {adds}"


def _passes(selected: list[int], tags: list[frozenset[Any]], ties: Any) -> list[list[int]]:
    """Return the selected rows, pass by pass.

    Within a pass rows are ordered by their number of tags, so a step back begins the next pass.
    """
    passes: list[list[int]] = []
    last = None
    seen: frozenset[Any] = frozenset()
    for row in selected:
        key = (-len(tags[row]), ties[row])
        if last is None or key < last or not tags[row] - seen:
            passes.append([])
            seen = frozenset()
        passes[-1].append(row)
        seen |= tags[row]
        last = key
    return passes
