"""Folder for axolotl: ``NAME.jsonl`` in the chat format, and ``NAME.yaml`` for its configuration.

Axolotl reads the data with its ``chat_template`` strategy (its
docs/dataset-formats/conversation.qmd). The tokenizer's own template writes the prompt. Training
includes all assistant messages with their end-of-turn token, except those with another value under
the key that ``message_field_training`` names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from catalog.export.chat import MIXED, TOOLS, beside, is_altered, turns, with_system
from catalog.export.media import n_marks, n_media
from catalog.export.record import Encoded, Message, Record, is_tool_list
from catalog.export.registry import FolderTarget, SideFile, exporter
from catalog.export.survey import Survey
from catalog.export.trainer import Trainer
from catalog.models.turn_weight import WEIGHTS, weight_of

TRAIN = "weights of turns, written as train: true or false"
IMAGES = "images beside the text: axolotl reads only the first one and no marks of places"


def side_files(target: FolderTarget) -> list[SideFile]:
    """Return the YAML file for axolotl's configuration."""
    return [
        SideFile(
            target.folder / f"{target.name}.yaml",
            lambda survey: config(target.data, reference=target.reference, survey=survey),
        )
    ]


@exporter(
    "axolotl",
    layout="folder",
    turns="messages",
    trainer=Trainer(media=("image",), reads_weights=True, keeps_order=True),
    side_files=side_files,
    loses="rejected answers, videos, audios, several images, fractional weights",
)
def axolotl(record: Record, survey: Survey) -> Encoded:
    """Return one row of chat, for axolotl's ``chat_template`` strategy.

    >>> record = Record("f", [Message("user", "hi", {})], None, None, None, None, "s", None, None)
    >>> axolotl(record, Survey()).rows
    [{'messages': [{'role': 'user', 'content': 'hi'}], 'fingerprint': 'f', 'source': 's'}]
    """
    rows = turns(with_system(record), survey)
    is_rewritten = bool(survey.weights) and not _is_ready(survey)
    n_images = n_media(record, "image")
    causes = {
        MIXED: is_altered(record.messages, survey),
        TOOLS: record.tools is not None and not is_tool_list(record.tools),
        TRAIN: is_rewritten and any(map(_has_weight, record.messages)),
        IMAGES: n_images > 1 or bool(n_images and n_marks(record, "image")),
    }
    if is_rewritten:
        rows = [
            _trained(row, message) for row, message in zip(rows, with_system(record), strict=True)
        ]
    value: dict[str, Any] = {"messages": rows, **beside(record, survey, media=("image",))}
    return Encoded([value], tuple(cause for cause, holds in causes.items() if holds))


def training_field(survey: Survey) -> str | None:
    """Return the key that switches training for a message; None when no message has one.

    The key is the one of the messages if axolotl can read it, else ``train``.
    """
    if not survey.weights:
        return None
    if _is_ready(survey):
        return next(iter(survey.weights))
    return "train"


def _is_ready(survey: Survey) -> bool:
    """Return whether all messages use the same key, with truth values."""
    (key, is_switch), *others = survey.weights.items()
    return is_switch and not others and key != "masked" and not survey.keys[key].is_mixed


def _has_weight(message: Message) -> bool:
    return any(key in message.extra for key in WEIGHTS)


def _trained(row: dict[str, Any], message: Message) -> dict[str, Any]:
    weight = weight_of(message.extra)
    rest = {key: value for key, value in row.items() if key not in WEIGHTS}
    if weight is None:
        return rest
    return {**rest, "train": weight > 0}


def config(data: Path, *, reference: str | None, survey: Survey) -> str:
    """Return the YAML text with which axolotl reads the file ``data``.

    >>> print(config(Path("out/easy.jsonl"), reference="easy@3", survey=Survey()))
    # easy@3
    # Relative paths start at the folder in which axolotl runs.
    datasets:
    - path: out/easy.jsonl
      ds_type: json
      type: chat_template
      field_messages: messages
      message_property_mappings:
        role: role
        content: content
      roles_to_train:
      - assistant
      train_on_eos: turn
    <BLANKLINE>
    """
    import yaml

    dataset: dict[str, Any] = {
        "path": data.as_posix(),
        "ds_type": "json",
        "type": "chat_template",
        "field_messages": "messages",
    }
    if survey.n_tools:
        dataset["field_tools"] = "tools"
    dataset["message_property_mappings"] = {"role": "role", "content": "content"}
    if field := training_field(survey):
        dataset["message_field_training"] = field
    dataset |= {"roles_to_train": ["assistant"], "train_on_eos": "turn"}
    lines: dict[str, Any] = {"datasets": [dataset]}
    if survey.order_matters:
        lines |= {"curriculum_sampling": True, "shuffle_merged_datasets": False}
    if "image" in survey.media:
        lines |= {
            "processor_type": "AutoProcessor",
            "skip_prepare_dataset": True,
            "remove_unused_columns": False,
            "sample_packing": False,
        }
    text = yaml.safe_dump(lines, sort_keys=False, allow_unicode=True, width=1_000)
    version = f"# {reference}\n" if reference else ""
    return f"{version}# Relative paths start at the folder in which axolotl runs.\n{text}"
