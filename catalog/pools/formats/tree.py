"""Trees of messages (Open Assistant): a message has ``replies``, and each of them has replies of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from catalog.pools.conversation import CONTENT_KEYS, ROLE_KEYS, Instruction, first_key, is_turn
from catalog.pools.formats.messages import messages
from catalog.pools.formats.registry import record_format
from catalog.pools.readers.records import Record
from catalog.pools.reasons import Rejection

CHILDREN = ("replies", "children")
MODES = ("paths", "best")
"""What the option ``tree`` takes: every path from the root to a leaf, or only the best-ranked path."""

_ADVICE = "Read every path of the trees (tree=paths) or the best-ranked path (tree=best)"


@record_format(order=80)
def tree(record: Any) -> Instruction | Rejection | None:
    """Read a tree that has one path only; None when the record is no tree.

    >>> tree({"prompt": {"role": "prompter", "text": "hi", "replies": [{"role": "assistant", "text": "hello"}]}}).messages
    [('user', 'hi', None), ('assistant', 'hello', None)]
    """
    if _root(record) is None:
        return None
    paths = conversations(record, mode="paths")
    first, second = next(paths), next(paths, None)
    if second is not None:
        return Rejection(
            "wrong_type", "the record is a tree of messages with more than one path", _ADVICE
        )
    return messages(first)


def expanded(records: Iterable[Record], *, mode: str) -> Iterator[Record]:
    """Put the conversations of each tree in its place, all at its position; other records stay.

    >>> tree = {"role": "user", "text": "a", "replies": [{"role": "assistant", "text": "b"}, {"role": "assistant", "text": "c"}]}
    >>> [(position, value["messages"][1]["content"]) for position, value, _ in expanded([(7, tree, None)], mode="paths")]
    [(7, 'b'), (7, 'c')]
    """
    for position, value, raw in records:
        if _root(value) is None:
            yield position, value, raw
            continue
        for one in conversations(value, mode=mode):
            yield position, one, raw
            raw = None  # the text of the tree stands for its first conversation alone


def conversations(record: dict[str, Any], *, mode: str) -> Iterator[dict[str, Any]]:
    """Return the conversations of a tree as records of messages; what else its nodes hold stands in the list ``tree_path``."""
    found = _root(record)
    if found is None:
        return
    root, rest = found
    waiting: list[tuple[dict[str, Any], tuple[Any, ...] | None]] = [(root, None)]
    while waiting:
        node, above = waiting.pop()
        path = (node, above)
        replies = _replies(node)
        if replies:
            kept = [min(replies, key=_rank)] if mode == "best" else replies
            waiting += [(reply, path) for reply in reversed(kept)]
        else:
            nodes = _nodes(path)
            yield {
                **rest,
                "messages": list(map(_turn, nodes)),
                "tree_path": list(map(_others, nodes)),
            }


def _root(record: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The root of a tree and the record's other keys; None when the record is no tree."""
    if not isinstance(record, dict):
        return None
    if is_turn(record) and any(isinstance(record.get(key), list) for key in CHILDREN):
        return record, {}
    for name in ("prompt", "tree", "root"):
        node = record.get(name)
        if (
            isinstance(node, dict)
            and is_turn(node)
            and any(isinstance(node.get(key), list) for key in CHILDREN)
        ):
            return node, {key: value for key, value in record.items() if key != name}
    return None


def _nodes(path: Any) -> list[dict[str, Any]]:
    """The nodes of a path, the root first."""
    nodes = []
    while path is not None:
        node, path = path
        nodes.append(node)
    return nodes[::-1]


def _replies(node: dict[str, Any]) -> list[dict[str, Any]]:
    key = first_key(node, CHILDREN)
    replies = node[key] if key else None
    return (
        [reply for reply in replies if isinstance(reply, dict)] if isinstance(replies, list) else []
    )


def _rank(node: dict[str, Any]) -> float:
    """A node's rank, of which 0 is the best; infinity where it has none."""
    rank = node.get("rank")
    return rank if isinstance(rank, int | float) and rank == rank else float("inf")


def _turn(node: dict[str, Any]) -> dict[str, Any]:
    role, content = (first_key(node, keys) for keys in (ROLE_KEYS, CONTENT_KEYS))
    return {"role": node[role] if role else None, "content": node[content] if content else None}


def _others(node: dict[str, Any]) -> dict[str, Any]:
    known = (first_key(node, ROLE_KEYS), first_key(node, CONTENT_KEYS), *CHILDREN)
    return {key: value for key, value in node.items() if key not in known}
