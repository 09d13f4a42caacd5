"""Training straight from a subset: what a model is shown, in which order, and how a run resumes."""

import copy
import random
import subprocess
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import Catalog, OptionError, UsageError
from tests.integrations.conftest import WORDS
from tests.quick import few_of

N_ROWS = 193  # which no small number of splits divides

pytestmark = pytest.mark.filterwarnings("ignore:lance is not fork-safe")
"""The workers of a loader read an Arrow file; they never open a Lance table."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Return a catalog with 193 rows of random lengths, and a subset with them in another order."""
    rng = random.Random(0)
    folder = tmp_path_factory.mktemp("loader")
    records = [
        {"instruction": f"word {i}", "output": " ".join(rng.choices(WORDS, k=rng.randint(1, 20)))}
        for i in range(N_ROWS)
    ]
    import polars as pl

    pl.DataFrame(records).write_ndjson(folder / "pool.jsonl")
    catalog = Catalog.open(folder / "home", isolated=False)
    catalog.register(folder / "pool.jsonl", pool="p")
    catalog.select("random", "p", budget=N_ROWS, name="best")
    return catalog


@pytest.fixture
def dataset(filled: Catalog, tokenizer: Any) -> Callable[..., Any]:
    def make(**options: Any) -> Any:
        from catalog.integrations.torch import SubsetDataset

        settings = {"catalog": filled, "tokenizer": tokenizer, "max_length": 200} | options
        return SubsetDataset(settings.pop("reference", "best@1"), **settings)

    return make


def rows_of(items: Any) -> list[tuple[int, ...]]:
    """Return each row of the items, packed or not, as its token ids."""
    rows: list[tuple[int, ...]] = []
    for item in items:
        lengths = item.get("seq_lengths", [len(item["input_ids"])])
        parts = np.split(item["input_ids"], np.cumsum(lengths)[:-1])
        rows += [tuple(part.tolist()) for part in parts]
    return rows


def in_turn(ranks: list[Any]) -> list[Any]:
    """Return the items of all ranks in the order of the epoch, without padding."""
    items = chain.from_iterable(zip(*ranks, strict=True))
    return [item for item in items if (item["labels"] != -100).any()]


def in_rank_order(filled: Catalog) -> list[str]:
    with filled.store.reading() as connection:
        reference = filled.find("best@1")
        return [
            row[0]
            for row in connection.sql(
                "SELECT prompt_of(messages) FROM version_at($kind, $id, $version) ORDER BY place",
                params=reference.parameters,
            ).fetchall()
        ]


@pytest.mark.parametrize("n_workers", few_of([0, 2], 0))
def test_items_come_in_rank_order_and_none_is_missing(
    dataset: Callable[..., Any], filled: Catalog, tokenizer: Any, n_workers: int
) -> None:
    from torch.utils.data import DataLoader

    data = dataset()
    loader = DataLoader(data, batch_size=7, num_workers=n_workers, collate_fn=data.collate)
    texts = [
        tokenizer.decode(ids[mask.bool()])
        for batch in loader
        for ids, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True)
    ]
    prompts = [text.split("### Instruction:\n")[1].split("\n\n")[0] for text in texts]
    assert prompts == in_rank_order(filled)
    assert len(prompts) == len(data) == data.reading().n_items == N_ROWS


@pytest.mark.parametrize(
    ("world_size", "pack", "order"),
    few_of(
        [(2, None, "rank"), (3, "bfd", "shuffle"), (5, None, "shuffle"), (4, "bfd", "rank")],
        (3, "bfd", "shuffle"),
    ),
)
def test_ranks_share_an_epoch_in_turn_and_in_step(
    dataset: Callable[..., Any], world_size: int, pack: Any, order: str
) -> None:
    options = {"pack": pack, "order": order}
    whole = list(dataset(**options))
    assert len(set(rows_of(whole))) == len(rows_of(whole)) == N_ROWS
    ranks = [dataset(**options, rank=n, world_size=world_size) for n in range(world_size)]
    read = [list(rank) for rank in ranks]
    assert {len(items) for items in read} == {len(ranks[0])} == {-(-len(whole) // world_size)}
    assert rows_of(in_turn(read)) == rows_of(whole)
    n_padding = sum(rank.reading().n_padding for rank in ranks)
    assert n_padding == world_size * len(read[0]) - len(whole)


def test_a_shuffle_follows_from_the_seed_and_the_epoch(dataset: Callable[..., Any]) -> None:
    data = dataset(order="shuffle", seed=1)
    first = rows_of(data)
    assert rows_of(data) == first == rows_of(dataset(order="shuffle", seed=1))
    data.set_epoch(1)
    second = rows_of(data)
    assert first != second != rows_of(dataset(order="shuffle", seed=2))
    assert sorted(first) == sorted(second) == sorted(rows_of(dataset()))


@pytest.mark.parametrize(
    ("pack", "before", "after"),
    few_of([(None, 1, 3), (None, 2, 1), ("bfd", 1, 1), ("bfd", 2, 3)], ("bfd", 2, 3)),
)
def test_a_run_resumes_with_another_number_of_ranks(
    dataset: Callable[..., Any], pack: Any, before: int, after: int
) -> None:
    options = {"pack": pack, "order": "shuffle"}
    whole = dataset(**options)
    whole.set_epoch(3)
    expected = list(whole)
    ranks = [dataset(**options, rank=n, world_size=before) for n in range(before)]
    n_before = 11  # in the middle of what is packed together
    read = []
    for rank in ranks:
        rank.set_epoch(3)
        passing = iter(rank)
        read.append([next(passing) for _ in range(n_before)])
    states = [rank.state_dict() for rank in ranks]
    assert [state["items"] for state in states] == [n_before * before] * before
    resumed = [dataset(**options, rank=n, world_size=after) for n in range(after)]
    for rank in resumed:
        rank.load_state_dict(states[0])
    rest = [list(rank) for rank in resumed]
    assert rows_of(in_turn(read)) + rows_of(in_turn(rest)) == rows_of(expected)
    for rank in resumed:
        rank.set_epoch(4)
    assert len(in_turn([list(rank) for rank in resumed])) == len(whole)


@pytest.mark.parametrize("n_workers", few_of([0, 2], 2))
def test_a_run_resumes_from_a_loader(dataset: Callable[..., Any], n_workers: int) -> None:
    from torch.utils.data import DataLoader

    data = dataset()
    loader = DataLoader(data, batch_size=4, num_workers=n_workers, collate_fn=list)
    passing = iter(loader)
    read = [*next(passing), *next(passing)]
    if n_workers:
        with pytest.raises(UsageError, match="read ahead"):
            data.state_dict()
    state = data.state_dict(8 if n_workers else None)
    resumed = dataset()
    resumed.load_state_dict(state)
    loader = DataLoader(resumed, batch_size=4, num_workers=n_workers, collate_fn=list)
    assert rows_of(read) + rows_of(chain.from_iterable(loader)) == rows_of(dataset())
    assert len(rows_of(chain.from_iterable(loader))) == N_ROWS  # the next pass is a whole one


def test_a_state_of_other_rows_or_options_is_refused(dataset: Callable[..., Any]) -> None:
    state = dataset().state_dict()
    for options in ({"order": "shuffle"}, {"max_length": 9}, {"pack": "bfd"}, {"reference": "p"}):
        with pytest.raises(UsageError, match="the run that saved it"):
            dataset(**options).load_state_dict(state)


def test_packed_rows_do_not_attend_to_each_other(
    dataset: Callable[..., Any], tokenizer: Any
) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=400,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
    )
    torch.manual_seed(0)
    packed, plain = dataset(pack="bfd"), dataset()
    items = list(packed)[:3]
    alone = dict(zip(rows_of(plain), plain, strict=True))
    for attention in ("eager", "sdpa"):
        config._attn_implementation = attention
        model = LlamaForCausalLM(config).eval()
        with torch.no_grad():
            together = model(**packed.collate(items)).logits
            for item, logits in zip(items, together, strict=True):
                start = 0
                for row in rows_of([item]):
                    expected = model(**plain.collate([alone[row]])).logits[0]
                    got = logits[start : start + len(row)]
                    torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-4)
                    start += len(row)


def test_packing_fills_items_and_keeps_each_row(dataset: Callable[..., Any]) -> None:
    plain, packed = dataset(), dataset(pack="bfd")
    items = list(packed)
    assert sorted(rows_of(items)) == sorted(rows_of(plain))
    assert all(len(item["input_ids"]) <= 200 for item in items)
    assert packed.reading().n_tokens == plain.reading().n_tokens
    assert packed.reading().n_trained == plain.reading().n_trained
    assert packed.reading().n_tokens > 0.9 * 200 * (len(items) - 1)
    for item in items:
        starts = np.flatnonzero(item["position_ids"] == 0)
        assert (item["labels"][starts] == -100).all()
        assert starts.tolist() == [0, *np.cumsum(item["seq_lengths"])[:-1]]


def test_a_tokenizer_without_padding_pads_with_its_end(
    dataset: Callable[..., Any], tokenizer: Any
) -> None:
    without = copy.deepcopy(tokenizer)
    without.pad_token = None
    data = dataset(tokenizer=without)
    items = sorted(list(data)[:5], key=lambda item: len(item["input_ids"]))
    batch = data.collate(items)
    assert batch["input_ids"][0, -1] == tokenizer.eos_token_id
    assert batch["attention_mask"].sum(1).tolist() == [len(item["input_ids"]) for item in items]
    assert (batch["labels"][batch["attention_mask"] == 0] == -100).all()


@pytest.mark.parametrize(
    "options",
    [
        {"max_length": 0},
        {"pack": "wrapped"},
        {"order": "random"},
        {"rank": 2, "world_size": 2},
        {"world_size": 0},
    ],
)
def test_an_option_out_of_range_is_refused(
    dataset: Callable[..., Any], options: dict[str, Any]
) -> None:
    with pytest.raises(OptionError, match=f"^{next(iter(options))}: expected "):
        dataset(**options)


def test_a_writer_is_not_kept_waiting(dataset: Callable[..., Any], filled: Catalog) -> None:
    passing = iter(dataset())
    next(passing)
    with filled.store.writing() as connection:
        assert connection.sql("SELECT count(*) FROM pools").fetchall() == [(1,)]
    assert len(list(passing)) == N_ROWS - 1


def test_the_copy_of_the_rows_is_removed(dataset: Callable[..., Any]) -> None:
    data = dataset()
    folder = data.rows._file.parent
    assert folder.exists()
    del data
    assert not folder.exists()


@pytest.mark.slow
def test_a_first_batch_does_not_wait_for_pandas(filled: Catalog, tmp_path: Path) -> None:
    from catalog.models.tiny import build_tiny

    build_tiny(WORDS).tokenizer.save_pretrained(tmp_path)
    code = (
        "import sys; from transformers import AutoTokenizer;"
        "from catalog.integrations.torch import SubsetDataset;"
        f"tokenizer = AutoTokenizer.from_pretrained({str(tmp_path)!r});"
        f"data = SubsetDataset('best', catalog={str(filled.store.path)!r}, tokenizer=tokenizer,"
        " max_length=200); next(iter(data)); print('pandas' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines()[-1] == "False"
