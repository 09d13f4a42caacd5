import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.pools.formats.detect import detect
from catalog.pools.readers.yaml_items import is_yaml, yaml_items
from catalog.pools.reasons import Rejection
from tests.quick import examples

texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\t-:#'\""),
    min_size=1,
    max_size=15,
)
rows_of = st.lists(
    st.fixed_dictionaries({"instruction": texts, "output": texts}), min_size=1, max_size=4
)


def read(text: str, step: int = 10**6) -> list[object]:
    blocks = [text[start : start + step] for start in range(0, len(text), step)]
    found = yaml_items(blocks, is_record=lambda value: detect([value]) is not None)
    return [value.reason if isinstance(value, Rejection) else value for _, value, _ in found]


@settings(max_examples=examples(100))
@given(rows_of, st.booleans(), st.sampled_from([None, "|", ">", '"']), st.integers(1, 30))
def test_a_list_is_read_item_by_item(
    rows: list[object], is_unicode: bool, style: str | None, step: int
) -> None:
    text = yaml.safe_dump(rows, allow_unicode=is_unicode, default_style=style, sort_keys=False)
    assert read(text, step) == rows


@settings(max_examples=examples(100))
@given(rows_of)
def test_documents_one_after_another_are_read(rows: list[object]) -> None:
    assert read(yaml.safe_dump_all(rows, allow_unicode=True)) == rows


def test_a_list_under_a_key_and_a_mapping_of_ids_are_read() -> None:
    rows = [{"instruction": "a", "output": "b"}, {"instruction": "c", "output": "d"}]
    assert read(yaml.safe_dump({"version": "1", "examples": rows})) == rows
    assert read(yaml.safe_dump({"q1": rows[0], "q2": rows[1]})) == rows
    assert read(yaml.safe_dump(rows[0])) == rows[:1]


def test_numbers_dates_and_yes_stay_texts_and_null_is_nothing() -> None:
    text = "- instruction: 2001-01-01\n  output: yes\n  n: 042\n  none: null\n"
    assert read(text) == [{"instruction": "2001-01-01", "output": "yes", "n": "042", "none": None}]


@pytest.mark.parametrize(
    "broken",
    [
        "- instruction: 'a\n",
        "- instruction: a\n   output: b\n",
        "- {instruction: [\n",
        "- *unknown\n",
    ],
)
def test_a_broken_item_loses_itself_alone(broken: str) -> None:
    good = "- instruction: a\n  output: b\n"
    row = {"instruction": "a", "output": "b"}
    assert read(good + broken + good) == [row, "not_yaml", row]


def test_aliases_that_would_grow_without_end_are_refused() -> None:
    text = "- a: &a [x, x]\n  b: &b [*a, *a]\n  c: [*b, *b]\n- instruction: a\n  output: b\n"
    assert read(text) == ["not_yaml", {"instruction": "a", "output": "b"}]


def test_no_object_is_made_from_a_tag() -> None:
    assert read("- instruction: !!python/object/apply:os.getcwd []\n") == ["not_yaml"]


def test_prose_with_dashes_is_not_yaml() -> None:
    assert not is_yaml("# Title\n\nSome words.\n- a point: yes\n")
    assert not is_yaml("# Title\n\n- repository: somewhere\n")
    assert not is_yaml("- a point\n- another\n")
    assert is_yaml("# comment\n---\n- instruction: >-\n    a\n")
