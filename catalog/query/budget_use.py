"""Whether a selection is cut to its budget by its text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from catalog.kernels import Kernel
from catalog.query.finding import Finding
from catalog.query.parse import Node, kind_of, nodes
from catalog.query.scopes import DEPTH, Scope, inner_scope, scope_of
from catalog.query.source_text import SourceText
from catalog.query.tokens import tokens

CUTTING = ("where_clause", "qualify", "having")


def budget_findings(
    text: SourceText, root: Node, kernel_of: Callable[[str], Kernel | None]
) -> Iterator[Finding]:
    """Yield a finding if no clause of a selection cuts its rows to ``$budget``.

    A LIMIT or a condition cuts, of the query or of a relation that it selects from, and so does a
    kernel that takes the budget and gives ranks.

    Args:
        text: what the user wrote.
        root: its parse tree.
        kernel_of: returns the kernel of a name; None if there is none.
    """
    scope = scope_of(root, {})
    if _is_cut(scope, kernel_of, 0):
        return
    reason = "LIMIT is not the budget" if scope.modifier("LIMIT") else "nothing cuts the answer"
    found = [token for token in tokens(str(text)) if token.text != ";"]
    where = text.location(found[-1].end if found else 0)
    yield Finding("budget", where, reason, "end the last SELECT with LIMIT $budget")


def _is_cut(scope: Scope, kernel_of: Callable[[str], Kernel | None], depth: int) -> bool:
    node = scope.node
    clauses = [scope.modifier("LIMIT"), *(node.get(clause) for clause in CUTTING)]
    if any(clause and _names_budget(clause) for clause in clauses):
        return True
    if depth > DEPTH:
        return False
    if any(_takes_budget(leaf, kernel_of) for leaf in scope.leaves()):
        return True
    inner = [found for leaf in scope.leaves() if (found := inner_scope(leaf, scope))]
    return any(_is_cut(relation, kernel_of, depth + 1) for relation in inner)


def _takes_budget(leaf: Node, kernel_of: Callable[[str], Kernel | None]) -> bool:
    if kind_of(leaf) != "TABLE_FUNCTION":
        return False
    kernel = kernel_of(str(leaf["function"]["function_name"]).lower())
    return kernel is not None and "rank" in kernel.adds and _names_budget(leaf["function"])


def _names_budget(node: Node) -> bool:
    return any(
        one.get("class") == "PARAMETER" and str(one.get("identifier")).lower() == "budget"
        for one in nodes(node)
    )
