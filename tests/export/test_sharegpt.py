import json

import pytest

from catalog.errors import LossyExportError
from catalog.export import export

USER = {"role": "user", "content": "2+2?"}


def test_a_record_is_what_llama_factory_publishes(tmp_path, row, batches):
    call = {
        "role": "assistant",
        "content": '{"name": "f", "arguments": {}}',
        "extra": {"from": "function_call"},
    }
    messages = [
        USER,
        call,
        {"role": "tool", "content": "4"},
        {"role": "assistant", "content": "Four"},
    ]
    tools = '[{"name":  "f"}]'
    given = row(*messages, system="Be kind.", tools=tools)
    export(batches([given]), format="sharegpt", path=tmp_path / "a.json", name="a")
    assert json.loads((tmp_path / "a.json").read_text()) == [
        {
            "conversations": [
                {"from": "human", "value": "2+2?"},
                {"from": "function_call", "value": '{"name": "f", "arguments": {}}'},
                {"from": "observation", "value": "4"},
                {"from": "gpt", "value": "Four"},
            ],
            "system": "Be kind.",
            "tools": tools,
            "fingerprint": given["fingerprint"],
            "source": "demo",
        }
    ]


@pytest.mark.parametrize(
    "extra",
    [{"value": "x"}, {"from": "Ann"}, {"from": "function_call", "role": "function"}],
    ids=["value", "from", "two spellings"],
)
def test_keys_that_it_needs_itself_are_refused(tmp_path, row, batches, extra):
    rows = [
        row(
            USER,
            {"role": "tool", "content": "4", "extra": extra},
            {"role": "assistant", "content": "Four"},
        )
    ]
    with pytest.raises(LossyExportError, match="1 with message keys called from or value"):
        export(batches(rows), format="sharegpt", path=tmp_path / "a", name="a")
    export(batches(rows), format="sharegpt", path=tmp_path / "a", name="a", allow_lossy=True)
    (turn,) = [
        turn
        for turn in json.loads((tmp_path / "a").read_text())[0]["conversations"]
        if turn["value"] == "4"
    ]
    assert set(turn) == {"from", "value"}
