"""Trees of messages (Open Assistant): a message has ``replies``, which are messages again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from catalog.messages import argument
from catalog.pools.conversation import (
    CONTENT_KEYS,
    ROLE_KEYS,
    Instruction,
    first_key,
    first_value,
    is_turn,
)
from catalog.pools.formats.messages import messages
from catalog.pools.formats.registry import record_format
from catalog.pools.readers.records import Record
from catalog.pools.reasons import Rejection

CHILDREN = ("replies", "children")


@record_format(order=80)
def tree(record: Any) -> Instruction | Rejection | None:
    """Read a tree of messages with one path; None for a record that is not a tree.

    >>> reply = {"role": "assistant", "text": "hello"}
    >>> tree({"prompt": {"role": "prompter", "text": "hi", "replies": [reply]}}).messages
    [('user', 'hi', None), ('assistant', 'hello', None)]
    """
    if _root(record) is None:
        return None
    paths = conversations(record, mode="paths")
    first, second = next(paths), next(paths, None)
    if second is not None:
        every, best = argument("tree", "paths"), argument("tree", "best")
        advice = f"Read every path of the trees ({every}) or the best-ranked path ({best})"
        return Rejection(
            "wrong_type", "the record is a tree of messages with several paths", advice
        )
    return messages(first)


def expanded(records: Iterable[Record], *, mode: str) -> Iterator[Record]:
    """Replace each tree by its conversations, all at its position; other records stay.

    >>> replies = [{"role": "assistant", "text": text} for text in ("b", "c")]
    >>> tree = {"role": "user", "text": "a", "replies": replies}
    >>> for position, value, _ in expanded([(7, tree, None)], mode="paths"):
    ...     print(position, value["messages"][1]["content"])
    7 b
    7 c
    """
    for position, value, raw in records:
        if _root(value) is None:
            yield position, value, raw
            continue
        for item in conversations(value, mode=mode):
            yield position, item, raw
            raw = None  # only the first conversation keeps the text of the tree


def conversations(record: dict[str, Any], *, mode: str) -> Iterator[dict[str, Any]]:
    """Yield the conversations of a tree as records of messages.

    The list ``tree_path`` keeps the other keys of the nodes.
    """
    pair = _root(record)
    if pair is None:
        return
    root, rest = pair
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
    """Return the root of a tree and the record's other keys; None if it is not a tree."""
    if not isinstance(record, dict):
        return None
    if _is_node(record):
        return record, {}
    for name in ("prompt", "tree", "root"):
        node = record.get(name)
        if isinstance(node, dict) and _is_node(node):
            return node, {key: value for key, value in record.items() if key != name}
    return None


def _is_node(value: dict[str, Any]) -> bool:
    """Return whether a value is a turn with a list of replies."""
    return is_turn(value) and any(isinstance(value.get(key), list) for key in CHILDREN)


def _nodes(path: Any) -> list[dict[str, Any]]:
    """Return the nodes of a path, the root first."""
    nodes = []
    while path is not None:
        node, path = path
        nodes.append(node)
    return nodes[::-1]


def _replies(node: dict[str, Any]) -> list[dict[str, Any]]:
    replies = first_value(node, CHILDREN)
    if not isinstance(replies, list):
        return []
    return [reply for reply in replies if isinstance(reply, dict)]


def _rank(node: dict[str, Any]) -> float:
    """Return a node's rank, with 0 as the best; infinity without one."""
    rank = node.get("rank")
    if isinstance(rank, int | float) and rank == rank:
        return rank
    return float("inf")


def _turn(node: dict[str, Any]) -> dict[str, Any]:
    return {"role": first_value(node, ROLE_KEYS), "content": first_value(node, CONTENT_KEYS)}


def _others(node: dict[str, Any]) -> dict[str, Any]:
    known = (first_key(node, ROLE_KEYS), first_key(node, CONTENT_KEYS), *CHILDREN)
    return {key: value for key, value in node.items() if key not in known}
