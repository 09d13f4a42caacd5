"""Load exported files with the installed version of datasets, and render each row.

Called with paths; prints a JSON object with the list of rendered rows of each. It imports nothing
of the catalog, because it also runs in other environments.
"""

import json
import sys
import tempfile
from typing import Any

import jinja2

TEMPLATE = """{%- if tools %}{{ tools }}<|tools|>{% endif -%}
{%- for turn in turns -%}
{%- if turn.content is string %}{{ turn.content }}
{%- else -%}
{%- for part in turn.content %}{{ '' if loop.first else '\\n' }}
{{- part.text if part.type == 'text' else '<' ~ part.type ~ '>' }}{% endfor -%}
{%- endif -%}
{%- for call in turn.tool_calls or [] -%}
<|call|>{{ call.function.name }}{{ call.function.arguments }}
{%- endfor -%}
<|end|>
{%- endfor -%}"""
"""A chat template; each text of a part has its own line."""


def turns(row: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The conversations of a row: one, or that of the chosen and that of the rejected answer."""
    if "instruction" in row:
        texts = [*([row["system"]] if row.get("system") else []), row["instruction"], row["output"]]
        return [[{"content": text} for text in texts]]
    if "conversations" in row:
        system = [{"content": row["system"]}] if row.get("system") else []
        return [system + [{**turn, "content": turn["value"]} for turn in row["conversations"]]]
    if "prompt" in row:
        return [row["prompt"] + row["chosen"], row["prompt"] + row["rejected"]]
    if row.get("rejected") is not None:
        return [row["messages"] + [row["chosen"]], row["messages"] + [row["rejected"]]]
    return [row["messages"]]


def main() -> None:
    import datasets

    datasets.disable_progress_bars()
    template = jinja2.Environment(trim_blocks=False, keep_trailing_newline=True).from_string(
        TEMPLATE
    )
    found = {"version": datasets.__version__, "files": {}}
    for path in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as cache:
            kind = "parquet" if path.endswith(".parquet") else "json"
            rows = datasets.load_dataset(kind, data_files=path, split="train", cache_dir=cache)
            found["files"][path] = [
                [
                    template.render(
                        turns=one,
                        tools=json.dumps(json.loads(row["tools"])) if row.get("tools") else None,
                    )
                    for one in turns(row)
                ]
                for row in rows
            ]
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
