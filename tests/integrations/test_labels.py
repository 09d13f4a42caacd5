"""What is trained of a conversation, and what is counted of the rest."""

import logging
from collections.abc import Callable
from logging.handlers import QueueHandler
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest

from catalog import Catalog, UsageError

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@pytest.fixture
def chat(
    catalog: Catalog, jsonl: Callable[..., Path], tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[Any]]:
    """Register conversations, and return their items under ChatML as (text, trained texts)."""
    monkeypatch.setattr(tokenizer, "chat_template", CHATML)

    def read(*records: dict[str, Any], **options: Any) -> list[Any]:
        from catalog.integrations.torch import SubsetDataset

        catalog.register(jsonl(records), pool="chat")
        settings = {"catalog": catalog, "tokenizer": tokenizer, "max_length": 400} | options
        items = SubsetDataset("chat", **settings)
        return [(tokenizer.decode(i["input_ids"]), trained(i, tokenizer)) for i in items]

    return read


def trained(item: Any, tokenizer: Any) -> list[str]:
    """Return the text of each run of trained tokens."""
    is_trained = item["labels"] != -100
    assert (item["labels"] == item["input_ids"])[is_trained].all()
    starts = np.flatnonzero(np.diff(is_trained.astype(int), prepend=0) == 1)
    stops = np.flatnonzero(np.diff(is_trained.astype(int), append=0) == -1) + 1
    return [tokenizer.decode(item["input_ids"][a:b]) for a, b in zip(starts, stops, strict=True)]


def test_more_ranks_than_rows_are_in_step(
    chat: Callable[..., Any], catalog: Catalog, tokenizer: Any
) -> None:
    from catalog.integrations.torch import SubsetDataset

    chat({"instruction": "word", "output": "stone"})
    options = {"catalog": catalog, "tokenizer": tokenizer, "max_length": 400, "world_size": 5}
    ranks = [list(SubsetDataset("chat", rank=rank, **options)) for rank in range(5)]
    assert [len(items) for items in ranks] == [1] * 5
    assert [(items[0]["labels"] != -100).any() for items in ranks] == [True] + [False] * 4


def test_all_turns_of_the_assistant_are_trained_and_nothing_else(chat: Callable[..., Any]) -> None:
    tools = [{"type": "function", "function": {"name": "add", "parameters": {}}}]
    ((text, spans),) = chat(
        {
            "messages": [
                {"role": "system", "content": "Be small."},
                {"role": "user", "content": "one"},
                {"role": "assistant", "content": "stone"},
                {"role": "tool", "content": "stone"},
                {"role": "user", "content": "stone"},
                {"role": "assistant", "content": "river\n"},
                {"role": "user", "content": "nobody answers"},
            ],
            "tools": tools,
        }
    )
    assert spans == ["stone<|im_end|>", "river\n<|im_end|>"]
    assert text.startswith("<|im_start|>system\nBe small.<|im_end|>\n<|im_start|>user\none")
    assert text.endswith("river\n<|im_end|>")


def test_a_turn_of_weight_0_is_read_and_not_trained(chat: Callable[..., Any]) -> None:
    turns = [("user", 1), ("assistant", 0), ("user", 1), ("assistant", 1)]
    messages = [
        {"role": role, "content": f"{role} {n}"}
        | ({"weight": weight} if role == "assistant" else {})
        for n, (role, weight) in enumerate(turns)
    ]
    ((text, spans),) = chat({"messages": messages})
    assert "assistant 1" in text
    assert spans == ["assistant 3<|im_end|>"]


def test_rows_that_are_cut_or_left_out_are_counted(
    chat: Callable[..., Any], catalog: Catalog, tokenizer: Any
) -> None:
    from catalog.integrations.torch import SubsetDataset

    lines = QueueHandler(SimpleQueue())
    log = logging.getLogger("catalog.integrations.torch")
    log.addHandler(lines)
    items = chat(
        {"instruction": "word", "output": "stone"},
        {"instruction": "word " * 200, "output": "stone"},
        {"instruction": "light", "output": "stone " * 200},
        max_length=60,
    )
    assert len(items) == 2
    data = SubsetDataset("chat", catalog=catalog, tokenizer=tokenizer, max_length=60)
    list(data)
    reading = data.reading()
    assert (reading.n_rows, reading.n_cut, reading.n_items) == (3, 2, 2)
    assert reading.left_out == {"nothing_in_window": 1}
    log.removeHandler(lines)
    assert "2 of 3 rows are cut at 60 tokens" in lines.queue.get_nowait().getMessage()


@pytest.mark.parametrize("options", [{}, {"pack": "bfd"}, {"world_size": 2}])
def test_a_subset_without_trained_tokens_is_an_error(
    chat: Callable[..., Any], options: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match="1 nothing_in_window"):
        chat({"instruction": "word", "output": "stone"}, max_length=1, **options)
