import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from catalog.pools.formats.detect import detect
from catalog.pools.readers.json_document import json_document
from catalog.pools.readers.records import Container
from catalog.pools.reasons import Rejection
from tests.quick import examples

Records = list[dict[str, str]]

# Text as it occurs in code: everything that could be taken for the end of a record.
pieces = st.sampled_from([*'ab{}[],:"\\\n é', '"}, {"instruction": "', "NaN", '", "output": "'])
nasty = st.lists(pieces, max_size=12).map("".join)
records = st.lists(
    st.fixed_dictionaries({"instruction": nasty, "output": nasty}), min_size=1, max_size=6
)
styles = st.sampled_from(
    [
        {"indent": 2},
        {"indent": None},
        {"indent": None, "separators": (",", ":")},
        {"ensure_ascii": False},
    ]
)
steps = st.integers(1, 40)


def blocks_of(text: str, step: int) -> list[str]:
    return [text[start : start + step] for start in range(0, len(text), step)]


def is_record(value: Any) -> bool:
    return detect([value]) is not None


def read(text: str, step: int = 10**6) -> tuple[Container, list[Any]]:
    container = json_document(blocks_of(text, step), is_record=is_record)
    return container, list(container.records)


def split(found: list[Any]) -> tuple[list[Any], list[Rejection]]:
    values = [value for _, value, _ in found]
    return [value for value in values if not isinstance(value, Rejection)], [
        value for value in values if isinstance(value, Rejection)
    ]


@settings(max_examples=examples(100))
@given(records, styles, steps)
def test_an_array_is_read_whatever_the_blocks(
    rows: Records, style: dict[str, Any], step: int
) -> None:
    container, found = read(json.dumps(rows, **style), step)
    assert container.name == "json array"
    assert [value for _, value, _ in found] == rows
    assert [position for position, _, _ in found] == list(range(len(rows)))
    assert [json.loads(raw) for _, _, raw in found] == rows
    assert container.notes == []


@settings(max_examples=examples(100))
@given(records, styles, steps)
def test_a_list_under_a_key_is_read_and_what_stands_beside_it_is_not(
    rows: Records, style: dict[str, Any], step: int
) -> None:
    text = json.dumps(
        {"canary": "BENCHMARK", "version": [1, {"a": 2}], "examples": rows, "end": None}, **style
    )
    container = json_document([text[:200], *blocks_of(text[200:], step)], is_record=is_record)
    found = list(container.records)
    assert container.name == "json object with a list"
    assert [value for _, value, _ in found] == rows


@settings(max_examples=examples(100))
@given(records, steps)
def test_an_object_keyed_by_id_gives_its_values_with_their_keys(rows: Records, step: int) -> None:
    text = json.dumps({f"q{n}": row for n, row in enumerate(rows)}, indent=1)
    container, found = read(text)
    assert container.name == "json object keyed by id"
    assert container.unit == "key"
    assert [(position, value) for position, value, _ in found] == [
        (f"q{n}", {"id": f"q{n}", **row}) for n, row in enumerate(rows)
    ]


@settings(max_examples=examples(100))
@given(records, st.sampled_from(["\n", "", " ,\n", "\r\n\r\n"]))
def test_pretty_objects_one_after_another_are_read(rows: Records, between: str) -> None:
    container, found = read(between.join(json.dumps(row, indent=2) for row in rows))
    assert container.name == "json objects"
    assert [value for _, value, _ in found] == rows


def trailing_comma(text: str) -> str:
    return text[:-1].rstrip() + ",}"


def not_a_number(text: str) -> str:
    return text[:-1].rstrip() + ', "score": nan}'


def raw_newline(text: str) -> str:
    return text.replace('"output": "', '"output": "a\nb', 1)


def missing_quote(text: str) -> str:
    return text.replace('": "', '": ', 1)


def missing_end_quote(text: str) -> str:
    return text[:-1].rstrip()[:-1] + "}"


def missing_brace(text: str) -> str:
    return text[:-1].rstrip()


def bad_escape(text: str) -> str:
    return text.replace('"output": "', '"output": "\\x', 1)


def single_quotes(text: str) -> str:
    return "{'instruction': a, 'output': b}"


BREAKS: list[Callable[[str], str]] = [
    trailing_comma,
    not_a_number,
    raw_newline,
    missing_quote,
    missing_end_quote,
    missing_brace,
    bad_escape,
    single_quotes,
]
plain = st.text(st.sampled_from('ab{}[],: é"\n'), min_size=1, max_size=12)
plain_records = st.lists(
    st.builds(lambda a, b: {"instruction": a, "output": b}, plain, plain), min_size=1, max_size=6
)


@pytest.mark.parametrize("broken", BREAKS)
@settings(max_examples=examples(60))
@given(plain_records, st.integers(0, 5), st.sampled_from([None, 2]), steps)
@example([{"instruction": "a", "output": "b"}] * 3, 1, None, 7)
@example([{"instruction": "{}}", "output": ":"}], 0, None, 1)
def test_a_broken_record_of_an_array_is_the_only_one_lost(
    broken: Callable[[str], str], rows: Records, place: int, indent: int | None, step: int
) -> None:
    place %= len(rows)
    texts = [json.dumps(row, indent=indent, ensure_ascii=False) for row in rows]
    if "quote" in broken.__name__:  # a closing bracket outside of any string may close the list
        assume("]" not in texts[place])
    texts[place] = broken(texts[place])
    _, found = read("[" + ", ".join(texts) + "]", step)
    good, bad = split(found)
    # Without its quote, brackets in a text are as good as any: pieces of the broken record may come
    # as something, never as a record with a text.
    records = [row for row in good if is_record(row) and isinstance(row["instruction"], str)]
    assert records == rows[:place] + rows[place + 1 :]
    assert {reason.reason for reason in bad} == {"not_json"}
    if "quote" not in broken.__name__:
        assert (len(good), len(bad)) == (len(rows) - 1, 1)
        assert found[place][0] == place


@pytest.mark.parametrize("broken", [trailing_comma, not_a_number, raw_newline])
def test_two_broken_records_in_a_row_are_two(broken: Callable[[str], str]) -> None:
    text = json.dumps({"instruction": "a", "output": "b"})
    good, bad = split(read(f"[{text}, {broken(text)}, {broken(text)}, {text}]")[1])
    assert (len(good), len(bad)) == (2, 2)


@pytest.mark.parametrize("broken", BREAKS[:4])
def test_a_broken_record_of_a_nested_list_or_under_an_id_is_the_only_one_lost(
    broken: Callable[[str], str],
) -> None:
    text = json.dumps({"instruction": "a", "output": "b"})
    nested = f'{{"canary": "x", "examples": [{text}, {broken(text)}, {text}], "n": 3}}'
    keyed = f'{{"q1": {text}, "q2": {broken(text)}, "q3": {text}}}'
    for whole in (nested, keyed):
        good, bad = split(read(whole)[1])
        assert (len(good), len(bad)) == (2, 1), whole


def test_a_conversation_with_a_broken_turn_is_lost_whole_without_its_turns() -> None:
    record = {
        "conversations": [
            {"from": "human", "value": "a"},
            {"from": "gpt", "value": "b"},
            {"from": "human", "value": "c"},
        ]
    }
    text = json.dumps(record)
    for broken in (
        text.replace('"a"', '"a', 1),
        text.replace('"a"}', '"a",}', 1),
        text.replace('"b"', "nan"),
    ):
        good, bad = split(read(f"[{text}, {broken}, {text}]")[1])
        assert (good, len(bad)) == ([record, record], 1), broken


def test_lists_of_turns_survive_a_broken_neighbour() -> None:
    text = json.dumps(["What is [1, 2]], [3?", 'A "list"], [of lists.'])
    for broken in ('["a", "b",]', '["a", nan]', '["a\nb"]'):
        good, bad = split(read(f"[{text}, {broken}, {text}]")[1])
        assert (len(good), len(bad)) == (2, 1), broken


def test_a_trailing_comma_after_the_last_record_loses_nothing() -> None:
    container, found = read('[{"instruction": "a", "output": "b"},\n]')
    assert (len(found), container.notes) == (1, [])


@settings(max_examples=examples(100))
@given(plain_records, st.integers(1, 60))
def test_a_cut_array_keeps_its_whole_records_with_a_note(rows: Records, n_cut: int) -> None:
    text = json.dumps(rows)
    container, found = read(text[:-n_cut])
    good, bad = split(found)
    assert good == rows[: len(good)]
    assert len(bad) <= 1
    assert len(text[:-n_cut]) < 2 or len(good) + len(bad) >= len(rows) - n_cut // 20 - 1
    if text[:-n_cut]:
        assert container.notes == ["the list is not closed: the file may be truncated"]


def test_a_list_of_turns_alone_is_one_record() -> None:
    for text in (
        '["Q?", "A."]',
        '[{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]',
    ):
        assert [value for _, value, _ in read(text)[1]] == [json.loads(text)]


def test_a_list_of_transcripts_is_a_list_of_records() -> None:
    rows = ["\n\nHuman: a\n\nAssistant: b", "\n\nHuman: c\n\nAssistant: d"]
    assert [value for _, value, _ in read(json.dumps(rows))[1]] == rows


def test_text_after_the_array_is_one_broken_record() -> None:
    good, bad = split(read('[{"instruction": "a", "output": "b"}]\nthat was all')[1])
    assert (len(good), len(bad)) == (1, 1)


def test_a_record_that_happens_to_have_a_list_named_data_is_a_record() -> None:
    row = {"id": "1", "data": ["q", "a"]}
    assert [value for _, value, _ in read(json.dumps(row, indent=1))[1]] == [row]


def test_the_window_does_not_grow_with_the_array() -> None:
    from catalog.pools.readers import window

    sizes: list[int] = []
    original = window.Window.more

    def more(self: window.Window) -> bool:
        answer = original(self)
        sizes.append(len(self.text))
        return answer

    row = json.dumps({"instruction": "a" * 50, "output": "b" * 50})
    text = "[" + ",".join([row] * 20_000) + "]"
    window.Window.more = more  # type: ignore[method-assign]  # watched, not replaced
    try:
        _, found = read(text, 10_000)
    finally:
        window.Window.more = original  # type: ignore[method-assign]
    assert len(found) == 20_000
    assert max(sizes) < 25_000


@pytest.mark.parametrize("broken", ['{"a": nope}', '{"a": "\n"}', "nope", "12", '""'])
@pytest.mark.parametrize("step", [1, 7, 10**6])
def test_elements_after_a_broken_one_or_a_literal_keep_their_places(broken: str, step: int) -> None:
    good = [{"instruction": f"i{n}", "output": "o"} for n in range(4)]
    texts = [json.dumps(value) for value in good]
    _, found = read(f"[{texts[0]}, {texts[1]}, {broken}, {texts[2]},{texts[3]}]", step)
    assert [value for _, value, _ in found[:2] + found[3:]] == good
    assert [raw for _, _, raw in found] == [*texts[:2], broken, *texts[2:]]
    assert [position for position, _, _ in found] == list(range(5))
