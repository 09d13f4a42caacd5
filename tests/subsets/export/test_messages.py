import json

from catalog.subsets.export import export


def test_a_line_is_what_openai_publishes(tmp_path, varied, batches):
    export(batches(varied), format="messages", path=tmp_path / "a.jsonl", name="a")
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()]
    user, answer = {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}
    assert lines[0] == {"messages": [user, answer]}
    assert lines[1]["messages"][0] == {"role": "system", "content": "Be kind.\n“Really”."}
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 2, "b": 2.50}'}}
    assert lines[3] == {
        "messages": [
            user,
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "content": "4", "tool_call_id": "c1", "name": "add"},
            answer,
        ],
        "tools": [{"type": "function", "function": {"name": "add", "parameters": {}}}],
    }
    assert lines[5]["messages"][0] == {"role": "developer", "content": "Short."}
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert lines[6]["messages"][1:4] == [
        {"role": "user", "content": parts},
        {"role": "function", "content": "9", "name": "f"},
        {"role": "assistant", "content": "ok", "weight": 0, "n": 12345678901234567890123},
    ]
