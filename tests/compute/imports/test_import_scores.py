"""Scores that others published."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import Catalog
from catalog.errors import SignalError, SourceError

Write = Callable[..., Path]


def by_prompt(catalog: Catalog) -> dict[str, tuple[float | None, str | None]]:
    sql = """
        SELECT prompt_of(messages), value, reason
        FROM scores JOIN instructions USING (instruction_id)
    """
    with catalog.store.reading() as connection:
        return {prompt: (value, reason) for prompt, value, reason in connection.sql(sql).fetchall()}


@pytest.mark.slow
def test_the_published_ratings_of_alpaca_import_by_row(catalog: Catalog, data: Path) -> None:
    catalog.register(data / "alpaca52k" / "alpaca_data.json", pool="alpaca")
    answer = catalog.import_scores(
        "alpaca",
        data / "alpaca52k" / "ds2_ratings.jsonl.gz",
        name="gpt4omini",
        column="gpt4omini.overall",
        missing=[0],
    )
    assert answer.n_rows == 52_002
    assert answer.n_with_value == 51_947
    assert answer.reasons == {"marked_missing": 27}
    less = catalog.import_scores(
        "alpaca",
        data / "alpaca52k" / "ds2_ratings.jsonl.gz",
        name="less",
        column="less_mmlu_influence",
    )
    assert sum(less.reasons.values()) == 1


def test_a_row_speaks_of_the_record_at_its_position(pool: Catalog, jsonl: Write) -> None:
    answer = pool.import_scores(
        "p", jsonl([{"rating": i} for i in range(5)], "ratings.jsonl"), name="rating"
    )
    assert by_prompt(pool) == {
        "question 0": (0.0, None),
        "question 2": (2.0, None),
        "question 4": (4.0, None),
    }
    assert (answer.n_rows, answer.n_with_value, answer.n_without_member, answer.n_members) == (
        5,
        3,
        2,
        3,
    )


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_column_row_says_the_position(pool: Catalog, tmp_path: Path, suffix: str) -> None:
    import polars as pl

    table = pl.DataFrame({"rating": [4.0, 2.0, 0.0, 1.0], "row": [4, 2, 0, 1]})
    path = tmp_path / f"ratings.{suffix}"
    getattr(table, {"jsonl": "write_ndjson"}.get(suffix, f"write_{suffix}"))(path)
    answer = pool.import_scores("p", path, name="rating")
    assert by_prompt(pool) == {
        "question 0": (0.0, None),
        "question 2": (2.0, None),
        "question 4": (4.0, None),
    }
    assert (answer.n_rows, answer.n_with_value, answer.n_without_member, answer.n_members) == (
        4,
        3,
        1,
        3,
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([0, 1, 2, 3, 3], r"1 values of row more than once \(the first: 3\)"),
        (
            [1, 2, 3, 4, 5],
            r"names 1 rows .* \(the first: 5\): its 5 records are rows 0 to 4",
        ),
        ([-1, 1, 2, 3, 4], "the first: -1"),
        ([0, None, 2, 3, 4], "1 rows without row"),
        ([0.5, 1, 2, 3, 4], "column row: .* double"),
    ],
)
def test_a_column_row_that_names_no_positions_is_refused(
    pool: Catalog, jsonl: Write, rows: Sequence[Any], message: str
) -> None:
    file = jsonl([{"rating": 1.0, "row": row} for row in rows], "ratings.jsonl")
    with pytest.raises(SignalError, match=message):
        pool.import_scores("p", file, name="rating")


def test_a_wrong_length_is_refused_with_both_numbers(pool: Catalog, jsonl: Write) -> None:
    file = jsonl([{"rating": i} for i in range(3)], "ratings.jsonl")
    with pytest.raises(SignalError, match=r"has 3 rows and p@1 .* 5 records \(3 of them members\)"):
        pool.import_scores("p", file, name="rating")
    with pool.store.reading() as connection:
        assert connection.sql("SELECT count(*) FROM signals").fetchall() == [(0,)]


def test_nan_null_and_marked_numbers_have_no_value_and_a_reason(
    pool: Catalog, tmp_path: Path
) -> None:
    file = tmp_path / "r.jsonl"
    file.write_text('{"r": NaN}\n{"r": 1}\n{"r": null}\n{"r": 1}\n{"r": -1}\n')
    answer = pool.import_scores("p", file, name="r", missing=[-1])
    assert answer.reasons == {"not_a_number": 1, "missing": 1, "marked_missing": 1}
    assert set(by_prompt(pool).values()) == {
        (None, "not_a_number"),
        (None, "missing"),
        (None, "marked_missing"),
    }


def test_a_column_of_the_records_is_a_key(pool: Catalog, jsonl: Write) -> None:
    file = jsonl([{"code": "k4", "r": 4.5}, {"code": "k2", "r": 2.5}], "r.jsonl")
    pool.import_scores("p", file, name="r", key="code")
    assert by_prompt(pool) == {
        "question 0": (None, "not_in_file"),
        "question 2": (2.5, None),
        "question 4": (4.5, None),
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"code": "zz", "r": 1.0}], "none of 1 keys of r.jsonl is in p@1 .the first: zz."),
        ([{"code": "k2", "r": 1.0}, {"code": "k2", "r": 2.0}], "1 values of code more than once"),
        ([{"code": "k2", "r": 1.0}, {"code": None, "r": 2.0}], "1 rows without code"),
    ],
)
def test_keys_that_do_not_fit_are_refused(
    pool: Catalog, jsonl: Write, rows: Sequence[Any], message: str
) -> None:
    with pytest.raises(SignalError, match=message):
        pool.import_scores("p", jsonl(rows, "r.jsonl"), name="r", key="code")


def test_rows_with_a_key_that_no_member_has_are_counted_and_left_out(
    pool: Catalog, jsonl: Write
) -> None:
    rows = [{"code": "zz", "r": 1.0}, {"code": "k2", "r": 2.5}, {"code": "yy", "r": 3.0}]
    report = pool.import_scores("p", jsonl(rows, "r.jsonl"), name="r", key="code")
    assert (report.n_rows, report.n_with_value, report.n_without_member) == (3, 1, 2)
    assert report.first_without_member == "zz"
    assert by_prompt(pool)["question 2"] == (2.5, None)


def test_several_columns_are_scores_of_their_names_or_none_is_imported(
    pool: Catalog, jsonl: Write
) -> None:
    ratings = [{"r": {"overall": i, "rarity": -i, "text": "t"}} for i in range(5)]
    file = jsonl(ratings, "ratings.jsonl")
    wrong = {"overall": "r.overall", "text": "r.text"}
    with pytest.raises(SignalError, match=r"r\.text.*string"):
        pool.import_score_columns("p", file, wrong)
    with pytest.raises(SourceError, match="it has r"):
        pool.import_score_columns("p", file, {"overall": "r.overall", "x": "r.x"})
    assert pool.signals("p").is_empty()
    both = pool.import_score_columns("p", file, {"overall": "r.overall", "rarity": "r.rarity"})
    assert [report.signal.name for report in both] == ["overall", "rarity"]
    sql = "SELECT rarity, overall FROM scores('p') WHERE overall > 0 ORDER BY overall"
    assert pool.sql(sql).rows() == [(-2.0, 2.0), (-4.0, 4.0)]


def test_the_origin_of_a_score_is_kept_and_shown(pool: Catalog, jsonl: Write) -> None:
    file = jsonl([{"r": float(i)} for i in range(5)], "ratings.jsonl")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    pool.import_scores("p", file, name="r", made_by="judge-7b")
    (report,) = pool.import_score_columns("p", file, {"r": "r"}, note="second run")
    kept = report.signal.details
    assert (kept["made_by"], kept["note"], kept["sha256"]) == ("judge-7b", "second run", sha256)
    shown = pool.signals("p")["origin"].item()
    assert all(part in shown for part in ("judge-7b", "second run", "ratings.jsonl", sha256[:8]))


def test_a_fingerprint_is_a_key(pool: Catalog, jsonl: Write) -> None:
    with pool.store.reading() as connection:
        prints = [
            row[0]
            for row in connection.sql(
                "SELECT fingerprint FROM instructions ORDER BY fingerprint"
            ).fetchall()
        ]
    file = jsonl([{"fingerprint": one, "r": i} for i, one in enumerate(prints)], "r.jsonl")
    answer = pool.import_scores("p", file, name="r", key="fingerprint")
    assert answer.n_with_value == 3
    with pytest.raises(SignalError, match="colour"):
        pool.import_scores(
            "p", jsonl([{"colour": "red", "r": 1}], "c.jsonl"), name="r", key="colour"
        )


def test_members_that_a_file_with_keys_does_not_name_have_a_reason_and_stop_no_selection(
    pool: Catalog, jsonl: Write
) -> None:
    file = jsonl([{"code": "k2", "r": 1.0}, {"code": "k4", "r": 2.0}], "r.jsonl")
    answer = pool.import_scores("p", file, name="r", key="code")
    assert (answer.n_with_value, answer.reasons) == (2, {"not_in_file": 1})
    sql = """
        SELECT prompt, value, reason
        FROM score('p', name => 'r') JOIN pool('p') USING (instruction_id)
    """
    found = {row["prompt"]: (row["value"], row["reason"]) for row in pool.sql(sql).to_dicts()}
    assert found == {
        "question 0": (None, "not_in_file"),
        "question 2": (1.0, None),
        "question 4": (2.0, None),
    }


def test_the_very_numbers_are_imported_once(pool: Catalog, tmp_path: Path) -> None:
    file = tmp_path / "r.npy"
    np.save(file, np.arange(5.0))
    assert pool.import_scores("p", file, name="r").is_new
    assert not pool.import_scores("p", file, name="r").is_new
    np.save(file, np.arange(5.0) + 1)
    assert pool.import_scores("p", file, name="r").is_new


@pytest.mark.slow
def test_the_last_import_is_read_also_when_its_numbers_were_there_before(
    pool: Catalog, tmp_path: Path
) -> None:
    files = {name: tmp_path / f"{name}.npy" for name in ("good", "mistaken")}
    np.save(files["good"], np.arange(5.0))
    np.save(files["mistaken"], -np.arange(5.0))
    for name, best in (
        ("good", [4.0, 2.0, 0.0]),
        ("mistaken", [0.0, -2.0, -4.0]),
        ("good", [4.0, 2.0, 0.0]),
    ):
        pool.import_scores("p", files[name], name="r")
        assert (
            pool.sql("SELECT value FROM score('p', name => 'r') ORDER BY value DESC")[
                "value"
            ].to_list()
            == best
        )
        assert pool.sql("SELECT r FROM scores('p') ORDER BY r DESC")["r"].to_list() == best
        pool.select("depth_only", "p", budget=1, name=f"top_{name}", settings={"depth": "r"})
    assert pool.signals("p")["is_read"].to_list() == [True, False]
    assert pool.verify("top_good").is_same
    assert pool.verify("top_mistaken").is_same
    assert pool.subsets()["version"].to_list() == [
        1,
        1,
    ]  # the third import made nothing that was not there


def test_a_column_that_holds_no_numbers_or_is_not_there_is_refused(
    pool: Catalog, jsonl: Write
) -> None:
    file = jsonl([{"r": "good"} for _ in range(5)], "r.jsonl")
    with pytest.raises(SignalError, match="string"):
        pool.import_scores("p", file, name="r")
    with pytest.raises(SourceError, match="no column other"):
        pool.import_scores("p", file, name="r", column="other")
