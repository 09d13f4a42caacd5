"""Train a tiny model for three steps on each exported file, and print the losses.

Called with pairs FORMAT=PATH. TRL's trainers read the file as `datasets.load_dataset` gives it;
Alpaca's columns, which TRL does not know, are formatted by the function that its documentation asks
for.
"""

import json
import math
import os
import sys
import tempfile
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
TEMPLATE = """{%- if tools %}{{ tools | tojson }}{% endif -%}
{%- for message in messages -%}
<s>{{ message.role }}
{% if message.content is string %}{{ message.content }}
{%- else %}{% for part in message.content %}{{ part.text }}{% endfor %}
{%- endif -%}
{%- for call in message.tool_calls or [] -%}
{{ call.function.name }}{{ call.function.arguments }}
{%- endfor -%}
</s>
{%- endfor -%}
{%- if add_generation_prompt %}<s>assistant
{% endif -%}"""


def tokenizer() -> Any:
    from tokenizers import ByteLevelBPETokenizer
    from transformers import PreTrainedTokenizerFast

    made = ByteLevelBPETokenizer()
    made.train_from_iterator(
        ["what is it", "2 + 2 ?"] * 10, vocab_size=300, special_tokens=["<s>", "</s>", "<pad>"]
    )
    found = PreTrainedTokenizerFast(
        tokenizer_object=made._tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    found.chat_template = TEMPLATE
    return found


def model(words: Any) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
    }
    ends = {
        "bos_token_id": words.bos_token_id,
        "eos_token_id": words.eos_token_id,
        "pad_token_id": words.pad_token_id,
    }
    return LlamaForCausalLM(
        LlamaConfig(vocab_size=len(words), max_position_embeddings=1024, **shape, **ends)
    )


def alpaca(row: dict[str, Any]) -> str:
    return f"{row['instruction']}\n{row['output']}</s>"


def losses(format: str, path: str, folder: str) -> list[float]:
    import datasets
    import trl

    datasets.disable_progress_bars()
    rows = datasets.load_dataset(
        "parquet" if path.endswith(".parquet") else "json",
        data_files=path,
        split="train",
        cache_dir=folder,
    )
    if format == "llamafactory":  # which reads an empty text as no tools
        rows = rows.map(lambda row: {"tools": row["tools"] or None})
    words = tokenizer()
    options = {
        "output_dir": folder,
        "max_steps": 3,
        "per_device_train_batch_size": 2,
        "logging_steps": 1,
        "report_to": [],
        "use_cpu": True,
        "save_strategy": "no",
        "disable_tqdm": True,
        "bf16": False,
    }
    if format == "dpo":
        trainer = trl.DPOTrainer(
            model(words),
            ref_model=model(words),
            args=trl.DPOConfig(**options),
            train_dataset=rows,
            processing_class=words,
        )
    else:
        function = alpaca if format == "alpaca" else None
        args = trl.SFTConfig(**options, max_length=512)
        trainer = trl.SFTTrainer(
            model(words),
            args=args,
            train_dataset=rows,
            processing_class=words,
            formatting_func=function,
        )
    assert len(trainer.train_dataset) == len(rows)
    trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def main() -> None:
    found = {}
    for pair in sys.argv[1:]:
        format, _, path = pair.partition("=")
        with tempfile.TemporaryDirectory() as folder:
            found[format] = [loss for loss in losses(format, path, folder) if math.isfinite(loss)]
    sys.stderr.flush()
    sys.stdout.write("\n" + json.dumps(found))


if __name__ == "__main__":
    main()
