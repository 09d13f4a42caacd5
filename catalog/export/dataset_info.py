"""What stands beside the data in LLaMA-Factory's folder: the entry of ``dataset_info.json``, and lines for its training configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from catalog.errors import OptionError
from catalog.export.media import KINDS
from catalog.export.survey import Survey

TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "observation_tag": "tool",
    "function_tag": "function_call",
    "system_tag": "system",
}
INFO = "dataset_info.json"


def dataset_info(folder: Path, *, name: str, survey: Survey) -> str:
    """The text of ``dataset_info.json`` with this data set's entry; the entries that are there stay as they are.

    Raises:
        OptionError: the file that is there is no JSON object.
    """
    entries = _entries(folder / INFO)
    columns = {"messages": "messages"}
    if survey.n_tools:
        columns["tools"] = "tools"
    columns |= {f"{kind}s": f"{kind}s" for kind in KINDS if kind in survey.media}
    entry: dict[str, Any] = {
        "file_name": f"{name}.jsonl",
        "formatting": "openai" if survey.has_parallel_results else "sharegpt",
    }
    if survey.n_rejected:
        entry["ranking"] = True
        columns |= {"chosen": "chosen", "rejected": "rejected"}
    entries[name] = {**entry, "columns": columns, "tags": TAGS}
    return json.dumps(entries, ensure_ascii=False, indent=2) + "\n"


def check_entry(folder: Path, *, name: str, overwrite: bool) -> None:
    """Refuse an entry that cannot be made.

    Raises:
        OptionError: the file that is there is no JSON object, or has such an entry and may not be overwritten.
    """
    if name in _entries(folder / INFO) and not overwrite:
        raise OptionError(
            f"{folder / INFO} has an entry {name!r} already: give this one another with --name, or add --overwrite"
        )


def training(folder: Path, *, name: str, reference: str | None) -> str:
    """The lines that keep LLaMA-Factory from shuffling: they belong into its training configuration, not into ``dataset_info.json``.

    >>> print(training(Path("out"), name="easy", reference="easy@3"), end="")
    # The order of easy@3 matters. Put these lines into the training configuration.
    dataset_dir: out
    dataset: easy
    disable_shuffling: true
    """
    import yaml

    lines = {"dataset_dir": folder.as_posix(), "dataset": name, "disable_shuffling": True}
    text = yaml.safe_dump(lines, sort_keys=False, allow_unicode=True, width=1_000)
    return f"# The order of {reference or 'these records'} matters. Put these lines into the training configuration.\n{text}"


def _entries(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise OptionError(
            f"{path} is not JSON ({error}): mend it or choose another folder"
        ) from error
    if not isinstance(entries, dict):
        raise OptionError(
            f"{path} holds no JSON object, so it is no dataset_info.json: choose another folder"
        )
    return entries
