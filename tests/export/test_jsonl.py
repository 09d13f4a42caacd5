import json

from catalog.export import export

COLUMNS = [
    "fingerprint",
    "messages",
    "tools",
    "media",
    "source",
    "abilities",
    "metadata",
    "functions",
]


def test_a_line_has_every_column(tmp_path, varied, batches):
    export(batches(varied), format="jsonl", path=tmp_path / "a.jsonl", name="a")
    export(
        batches(varied), format="messages", path=tmp_path / "b.jsonl", name="a", allow_lossy=True
    )
    lines = [
        json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    chat = [
        json.loads(line) for line in (tmp_path / "b.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    for line, same, row in zip(lines, chat, varied, strict=True):
        assert list(line) == COLUMNS
        assert (line["messages"], line["tools"]) == (same["messages"], same["tools"])
        assert (line["fingerprint"], line["source"], line["abilities"]) == (
            row["fingerprint"],
            row["source"],
            row["labels"],
        )
        assert row["tools"] in (line["tools"], line["functions"])
    assert lines[2]["abilities"] == ["easy", "sum"]
    assert lines[6]["metadata"] == '{"id": 7, "score": null, "tags": ["a", null]}'


def test_rejected_messages_and_media_are_json_texts(tmp_path, row, batches):
    rejected, media = (
        [[{"role": "assistant", "content": "5"}]],
        [{"kind": "image", "path": "a.png"}],
    )
    export(
        batches([row(rejected=rejected, media=media), row()]),
        format="jsonl",
        path=tmp_path / "a.jsonl",
        name="a",
    )
    first, second = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert (json.loads(first["rejected_messages"]), json.loads(first["media"])) == (rejected, media)
    assert (second["rejected_messages"], second["media"]) == (None, None)
