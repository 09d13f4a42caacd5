"""Side files of LLaMA-Factory's folder.

They are ``dataset_info.json`` with an entry for the data, and lines for the training configuration.
"""

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
    """Return the text of ``dataset_info.json`` with an entry for the data and all earlier entries.

    Raises:
        OptionError: the existing file is not a JSON object.
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
    """Refuse an entry that cannot be written.

    Raises:
        OptionError: the existing file is not a JSON object, or has an entry of that name that may
            not be overwritten.
    """
    if name in _entries(folder / INFO) and not overwrite:
        raise OptionError(
            f"{folder / INFO} already has an entry {name!r}: choose another name for the data, "
            "or allow overwriting"
        )


def training(folder: Path, *, name: str, reference: str | None) -> str:
    """Return the lines of LLaMA-Factory's training configuration that prevent shuffling.

    >>> print(training(Path("out"), name="easy", reference="easy@3"), end="")
    # The order of easy@3 matters. Put these lines into the training configuration.
    dataset_dir: out
    dataset: easy
    disable_shuffling: true
    """
    import yaml

    lines = {"dataset_dir": folder.as_posix(), "dataset": name, "disable_shuffling": True}
    text = yaml.safe_dump(lines, sort_keys=False, allow_unicode=True, width=1_000)
    advice = "Put these lines into the training configuration."
    return f"# The order of {reference or 'these records'} matters. {advice}\n{text}"


def _entries(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise OptionError(
            f"{path} is not JSON ({error}): repair it or choose another folder"
        ) from error
    if not isinstance(entries, dict):
        raise OptionError(f"expected a JSON object in {path}: choose another folder")
    return entries
