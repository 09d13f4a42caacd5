import json

from catalog.subsets.export import export


def test_a_line_has_every_column(tmp_path, varied, batches):
    export(batches(varied), format="jsonl", path=tmp_path / "a.jsonl", name="a")
    export(batches(varied), format="messages", path=tmp_path / "b.jsonl", name="a")
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()]
    chat = [json.loads(line) for line in (tmp_path / "b.jsonl").read_text(encoding="utf-8").splitlines()]
    for line, same, row in zip(lines, chat, varied, strict=True):
        assert list(line) == ["fingerprint", "messages", "tools", "source", "labels", "metadata"]
        assert (line["messages"], line["tools"]) == (same["messages"], same.get("tools"))
        assert (line["fingerprint"], line["source"], line["labels"]) == (row["fingerprint"], row["source"], row["labels"])
    assert lines[2]["labels"] == ["easy", "sum"]
    assert lines[6]["metadata"] == {"id": 7, "score": None, "tags": ["a", None]}
