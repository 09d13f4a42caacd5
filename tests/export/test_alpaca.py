import json

import pytest

from catalog.errors import LossyExportError
from catalog.export import export

USER = {"role": "user", "content": "2+2?"}
ANSWER = {"role": "assistant", "content": "4"}


def test_the_file_is_an_array_like_stanfords(tmp_path, row, batches):
    export(
        batches([row(), row(system="Be kind.")]),
        format="alpaca",
        path=tmp_path / "a.json",
        name="a",
    )
    assert json.loads((tmp_path / "a.json").read_text()) == [
        {
            "instruction": "2+2?",
            "input": "",
            "output": "4",
            "system": system,
            "fingerprint": one["fingerprint"],
            "source": "demo",
        }
        for system, one in (("", row()), ("Be kind.", row(system="Be kind.")))
    ]


@pytest.mark.parametrize("format", ["alpaca", "sharegpt"])
def test_the_array_of_many_batches_is_json(tmp_path, row, batches, format):
    # The reader of pools mends a missing comma, so the way back would not show it.
    export(batches([row()] * 8, size=3), format=format, path=tmp_path / "a.json", name="a")
    assert len(json.loads((tmp_path / "a.json").read_text())) == 8


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".ndjson"])
@pytest.mark.parametrize("format", ["alpaca", "sharegpt"])
def test_a_name_for_lines_gives_lines(tmp_path, row, batches, read_back, format, ending):
    path = tmp_path / f"a{ending}"
    export(batches([row(), row(system="Be kind.")]), format=format, path=path, name="a")
    assert read_back(path) == [row()["fingerprint"], row(system="Be kind.")["fingerprint"]]
    assert ending.endswith(".gz") or len(path.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("messages", "tools", "cause"),
    [
        ([USER, ANSWER, USER, ANSWER], None, "several turns"),
        ([USER, USER, ANSWER], None, "several turns"),
        ([USER, ANSWER, USER], None, "several turns"),
        ([{"role": "system", "content": "x"}, USER, ANSWER], None, "several turns"),
        ([USER, {**ANSWER, "extra": {"weight": 1}}], None, "message keys beside role and content"),
        ([USER, ANSWER], '[{"name": "f"}]', "tools"),
        ([USER], None, "no answer"),
    ],
)
def test_what_it_cannot_hold_is_refused(tmp_path, row, batches, messages, tools, cause):
    with pytest.raises(
        LossyExportError, match=f"1 of 2 instructions unchanged \\(1 with {cause}\\)"
    ):
        export(
            batches([row(), row(*messages, tools=tools)]),
            format="alpaca",
            path=tmp_path / "a",
            name="a",
        )


def test_a_longer_conversation_becomes_one_prompt_when_losses_are_accepted(tmp_path, row, batches):
    later = [
        {"role": "user", "content": "Sure?"},
        {"role": "assistant", "content": "Yes"},
        {"role": "user", "content": "Thanks"},
    ]
    export(
        batches([row(USER, ANSWER, *later), row(USER)]),
        format="alpaca",
        path=tmp_path / "a",
        name="a",
        allow_lossy=True,
    )
    found = [
        (one["instruction"], one["input"], one["output"])
        for one in json.loads((tmp_path / "a").read_text())
    ]
    assert found == [("2+2?\n\n4\n\nSure?", "", "Yes"), ("2+2?", "", "")]
