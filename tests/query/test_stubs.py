"""Stand-ins have the columns of what they stand for."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from catalog.query.arguments import parameters_of
from catalog.query.executor import Limits, executing
from catalog.query.kernels import kernel, kernel_names
from catalog.query.planner import plan
from catalog.query.session import session
from catalog.query.source_text import SourceText
from catalog.query.sources import DECLARED_SOURCES
from catalog.query.stubs import Stubs
from catalog.store.store import Store

SAMPLES = {
    "pool": "pool('tiny')",
    "pools": "pools('tiny', 'few')",
    "subset": "subset('few')",
    "score": "score('tiny', name => 'depth')",
    "scores": "scores('tiny')",
    "labels": "labels('tiny')",
    "trajectories": "trajectories('tiny', proxy => 'tiny')",
    "embeddings": "embeddings('tiny')",
    "token_states": "token_states('tiny')",
    "marks": "marks('tiny')",
    "matches": "matches('tiny', text => 'question')",
}


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_stand_in_has_the_columns_of_its_source(store: Store, name: str) -> None:
    sql = f"SELECT * FROM {SAMPLES[name]} AS source ORDER BY instruction_id"
    with session(store) as opened:
        planned = plan(opened.connection, SourceText.of(sql), {}, is_selection=True)
        ((_, resolved),) = planned.sources
    with executing(store, SourceText.of(sql), {}, Limits(), selection=planned) as execution:
        relation = execution.session.connection.sql(str(planned.query))
        found = dict(zip(relation.columns, map(str, relation.types), strict=True))
    expected = dict(resolved.columns or found)
    assert list(found) == list(expected)
    assert {key: value for key, value in found.items() if "opaque" not in value} == {
        key: value for key, value in expected.items() if "opaque" not in value
    }


def test_every_source_has_a_stand_in() -> None:
    assert SAMPLES.keys() < DECLARED_SOURCES.keys()
    for name, declared in DECLARED_SOURCES.items():
        assert [*filter(None, declared.stand_in.values())], name
        assert f"{name}(" in declared.example


NAMES = [f"{number:02}" for number in range(12)]
VECTORS = pa.array(
    np.random.default_rng(0).normal(size=(12, 3)).tolist(), pa.list_(pa.float32(), 3)
)
ROWS = pa.table(
    {"instruction_id": range(12), "fingerprint": NAMES, "vector": VECTORS, "score": [1.0] * 12}
)
OPTIONS = {"budget": 3, "k": 2, "method": "pca", "threshold": 0.9}
LABELS = [["a", "b"][: number % 2 + 1] for number in range(12)]
GIVEN = {
    "grid": (pa.table({"fingerprint": NAMES, "x": [1.0] * 6 + [2.0] * 6, "y": range(12)}),),
    "instag": (pa.table({"fingerprint": NAMES, "labels": LABELS}),),
    "mig": (
        pa.table({"fingerprint": NAMES, "labels": LABELS, "score": [1.0] * 12}),
        pa.table({"label": ["a", "b"], "vector": VECTORS[:2]}),
    ),
    "nearest": (ROWS, ROWS.select(["fingerprint", "vector"])),
}
TEXTS = pa.table({"fingerprint": NAMES, "text": [f"name {name} three colours" for name in NAMES]})
GROUPS = pa.table({"fingerprint": NAMES, "duplicate_group": NAMES, "source": ["a", "b"] * 6})
GIVEN |= {
    "cluster_words": (TEXTS.append_column("cluster", [[0, 1] * 6]),),
    "hashed_ngrams": (TEXTS, TEXTS),
    "mixture": (
        pa.table({"fingerprint": NAMES, "pool": ["p"] * 12, "turn": range(12)})
        .append_column("n_tokens", [[1] * 12])
        .append_column("caps", [LABELS]),
    ),
    "overlap": (TEXTS, TEXTS),
    "round_robin": (ROWS, ROWS),
    "similar": (ROWS, ROWS),
    "influence": (ROWS, ROWS),
    "split_groups": (GROUPS,),
    "tsds": (ROWS, ROWS),
}
NAMED = {
    "mixture": {"parts": "p=rest", "budget": "5"},
    "curate_scores": {"by": "score", "k": 3},
    "nearest_earlier": {"by": "score"},
    "split_groups": {"parts": "val=3, train=rest"},
}


@pytest.mark.parametrize("name", sorted(kernel_names()))
def test_a_stand_in_has_the_columns_of_its_kernel(store: Store, name: str) -> None:
    relations = GIVEN.get(name, (ROWS,))
    options = {key: OPTIONS[key] for key in OPTIONS.keys() & parameters_of(kernel(name).function)}
    options |= NAMED.get(name, {})
    answer = kernel(name).function(*relations, **options)
    with session(store) as opened:
        types = []
        for number, rows in enumerate((*relations, answer)):
            opened.register(f"rows_{number}", rows)
            types.append(
                Stubs(opened.connection, {}).columns(SourceText.of(f"SELECT * FROM rows_{number}"))
            )
    assert kernel(name).answer_columns(types[:-1]) == types[-1]
