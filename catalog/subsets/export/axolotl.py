"""A folder for axolotl: ``NAME.jsonl`` in the chat shape, and ``NAME.yaml``, the ``datasets:`` section to put into its configuration.

The data is read by axolotl's ``chat_template`` strategy (its docs/dataset-formats/conversation.qmd): the tokenizer's own template writes
the prompt, and all assistant messages are trained on, their end-of-turn token included.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from catalog.subsets.export.messages import messages
from catalog.subsets.export.record import Encoded, Record

TOOLS = "tools that are no JSON list, on which axolotl stops"


def axolotl(record: Record) -> Encoded:
    """One line of chat, as `messages` writes it.

    >>> from catalog.subsets.export.record import Message
    >>> axolotl(Record("f", [Message("user", "hi", {})], None, "squares x", "s", None, None))
    Encoded(value={'messages': [{'role': 'user', 'content': 'hi'}]}, lost=('tools that are no JSON list, on which axolotl stops',))
    """
    encoded = messages(record)
    if isinstance(encoded.value.get("tools", []), list):
        return encoded
    return Encoded({"messages": encoded.value["messages"]}, (TOOLS,))


def config(data: Path, *, reference: str | None, has_tools: bool) -> str:
    """The YAML text that makes axolotl read `data`, which holds what `reference` names.

    >>> print(config(Path("out/easy.jsonl"), reference="easy@3", has_tools=False))
    # easy@3
    # A relative path counts from the folder in which axolotl runs.
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

    dataset: dict[str, Any] = {"path": data.as_posix(), "ds_type": "json", "type": "chat_template", "field_messages": "messages"}
    if has_tools:
        dataset["field_tools"] = "tools"
    dataset["message_property_mappings"] = {"role": "role", "content": "content"}
    dataset |= {"roles_to_train": ["assistant"], "train_on_eos": "turn"}
    text = yaml.safe_dump({"datasets": [dataset]}, sort_keys=False, allow_unicode=True, width=1_000)
    version = f"# {reference}\n" if reference else ""
    return f"{version}# A relative path counts from the folder in which axolotl runs.\n{text}"
