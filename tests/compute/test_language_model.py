"""Any causal language model, through the command line."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main

Write = Callable[..., Path]
Records = Callable[[int], list[dict[str, Any]]]


def saved_family(family: str, folder: Path, tokenizer_of: Path) -> Path:
    import torch
    import transformers as hf

    tokenizer = hf.AutoTokenizer.from_pretrained(tokenizer_of)
    common = {
        "vocab_size": len(tokenizer),
        "bos_token_id": 1,
        "eos_token_id": 2,
        "use_cache": False,
    }
    sizes = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 24,
    }
    make = {
        "neox": lambda: hf.GPTNeoXForCausalLM(hf.GPTNeoXConfig(**common, **sizes)),
        "llama": lambda: hf.LlamaForCausalLM(hf.LlamaConfig(**common, **sizes)),
        "qwen2": lambda: hf.Qwen2ForCausalLM(
            hf.Qwen2Config(**common, **sizes, num_key_value_heads=2)
        ),
        "gpt2": lambda: hf.GPT2LMHeadModel(
            hf.GPT2Config(**common, n_embd=16, n_layer=1, n_head=2, n_positions=512)
        ),
    }
    with torch.random.fork_rng():
        torch.manual_seed(3)
        make[family]().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("family", ["neox", "llama", "qwen2", "gpt2"])
def test_states_and_ifd_of_any_family_run_from_the_command_line(
    catalog: Catalog, jsonl: Write, records: Records, model: Path, tmp_path: Path, family: str
) -> None:
    catalog.register(jsonl(records(12)), pool="p")
    folder = str(saved_family(family, tmp_path / family, model))
    runner = CliRunner()
    for command, n_reports in (
        (["states", "p", "--model", folder], 1),
        (["score", "p", "ifd", "--model", folder], 3),
    ):
        made = runner.invoke(main, ["--home", str(catalog.store.path), *command, "--json"])
        assert made.exit_code == 0, made.output
        reports = json.loads(made.stdout)
        reports = reports if isinstance(reports, list) else [reports]
        assert [report["n_computed"] for report in reports] == [12] * n_reports


@pytest.mark.slow
def test_a_run_that_finds_nothing_missing_imports_no_torch(
    catalog: Catalog, jsonl: Write, records: Records, model: Path
) -> None:
    import subprocess

    catalog.register(jsonl(records(8)), pool="p")
    catalog.states("p", model=str(model))
    catalog.score("p", "ifd", "n_tokens", model=str(model))
    code = (
        "import sys; from catalog import Catalog; c = Catalog.open(sys.argv[1]);"
        "assert c.states('p', model=sys.argv[2]).n_computed == 0;"
        "scoring = c.score('p', 'ifd', 'n_tokens', model=sys.argv[2]);"
        "assert not any(report.n_computed for report in scoring.reports);"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'lancedb'};"
        "assert not heavy & set(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(catalog.store.path), str(model)],
        check=True,
        cwd=Path(__file__).parents[2],
    )
