"""Every file of the shared data reads as it should, or is refused for the reason it should be."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import SourceError
from catalog.pools.read_batches import FileReport, ReadOptions, read_batches
from tests.quick import few_of

DATA = Path(os.environ.get("CATALOG_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(),
    reason=f"the shared data is not at {DATA}; name its folder in CATALOG_TEST_DATA",
)

# container, shape, instructions, quarantined by reason
READ: dict[str, tuple[str, str, int, dict[str, int]]] = {
    "alpaca52k/alpaca_data.json": ("json array", "alpaca", 51_974, {"empty_response": 28}),
    "alpaca_libre/alpaca_libre_tasks_v1.jsonl": (
        "json lines",
        "alpaca",
        2_138,
        {"empty_response": 237},
    ),
    "alpaca_libre/alpaca_libre_tasks_v2.jsonl": (
        "json lines",
        "alpaca",
        2_229,
        {"empty_response": 51, "not_json": 14},
    ),
    "alpaca_libre/alpaca_libre_tasks_v3.jsonl": (
        "json lines",
        "alpaca",
        1_199,
        {"empty_response": 6},
    ),
    "aqua/dev.json": ("json lines", "alpaca", 254, {}),
    "aqua/dev.tok.json": ("json lines", "alpaca", 254, {}),
    "aqua/test.json": ("json lines", "alpaca", 254, {}),
    "aqua/test.tok.json": ("json lines", "alpaca", 254, {}),
    "awesome_prompts/rev0000_2022-12-14_def06dca.csv": ("csv", "alpaca", 0, {"no_response": 107}),
    "awesome_prompts/rev1337_2025-12-22_3fe95e70.csv": ("csv", "alpaca", 0, {"no_response": 487}),
    "awesome_prompts/rev2005_2025-12-17_73ba3d99.csv": ("csv", "alpaca", 0, {"no_response": 437}),
    "awesome_prompts/rev2674_2026-01-06_2521203f.csv": ("csv", "alpaca", 0, {"no_response": 941}),
    "belle/eval_set.json": ("json lines", "alpaca", 631, {"empty_response": 369}),
    "belle/zh_seed_tasks.json": ("json lines", "alpaca", 175, {}),
    "codealpaca/code_alpaca_2k.json": ("json array", "alpaca", 2_015, {"empty_response": 2}),
    "codealpaca/new_codealpaca.json": ("json array", "alpaca", 4_535, {}),
    "cot_transparency_messages/bct_non_cot.jsonl": ("json lines", "messages", 5_000, {}),
    "cot_transparency_messages/control_non_cot.jsonl": ("json lines", "messages", 5_000, {}),
    "cot_transparency_messages/train.jsonl": ("json lines", "alpaca", 0, {"wrong_type": 4_957}),
    "gorilla/BFCL_v4_simple_python.json": ("json lines", "alpaca", 0, {"wrong_type": 400}),
    "gpteacher/code_seed_tasks.jsonl": ("json lines", "alpaca", 21, {}),
    "gpteacher/codegen-instruct.json": ("json array", "alpaca", 4_535, {}),
    "gpteacher/roleplay-simple-deduped-roleplay-instruct.yaml": ("yaml", "alpaca", 1_923, {}),
    "gpteacher/toolformer-dedupe-only-dataset.json": ("json array", "alpaca", 7_673, {}),
    "gsm8k/test.jsonl": ("json lines", "alpaca", 1_319, {}),
    "gsm8k/train.jsonl": ("json lines", "alpaca", 7_473, {}),
    "hh_rlhf/test.jsonl.gz": ("json lines", "preference", 2_308, {"empty_response": 4}),
    "humaneval/HumanEval.jsonl.gz": ("json lines", "alpaca", 164, {}),
    "ifeval/input_data.jsonl": ("json lines", "alpaca", 0, {"no_response": 541}),
    "llamafactory_demo/alpaca_en_demo.json": ("json array", "alpaca", 999, {}),
    "llamafactory_demo/alpaca_zh_demo.json": ("json array", "alpaca", 1_000, {}),
    "llamafactory_demo/dpo_zh_demo.json": ("json array", "preference", 300, {}),
    "llamafactory_demo/glaive_toolcall_en_demo.json": ("json array", "sharegpt", 300, {}),
    "llamafactory_demo/glaive_toolcall_zh_demo.json": ("json array", "sharegpt", 300, {}),
    "llamafactory_demo/identity.json": ("json array", "alpaca", 91, {}),
    "llamafactory_demo/kto_en_demo.json": ("json array", "messages", 300, {}),
    "llamafactory_demo/reason_tool_use_demo_50.jsonl": ("json lines", "messages", 50, {}),
    "llamafactory_demo/v1_dpo_demo.jsonl": ("json lines", "preference", 10, {}),
    "llamafactory_demo/v1_multimodal_demo.jsonl": ("json lines", "messages", 24, {}),
    "llamafactory_demo/v1_sft_demo.jsonl": ("json lines", "messages", 500, {}),
    "math_tora/test.jsonl": ("json lines", "alpaca", 5_000, {}),
    "mlx_examples/valid.jsonl": ("json lines", "alpaca", 144, {}),
    "mlx_examples/wwdc25__data__train.jsonl": ("json lines", "alpaca", 1_800, {}),
    "open_instruct_samples/preference_sample.jsonl": ("json lines", "preference", 100, {}),
    "open_instruct_samples/rlvr_sample.jsonl": ("json lines", "messages", 0, {"no_response": 100}),
    "open_instruct_samples/sft_sample.jsonl": ("json lines", "messages", 100, {}),
    "openai_toy_chat/toy_chat_fine_tuning.jsonl": ("json lines", "messages", 4, {"no_prompt": 1}),
    "self_instruct/davinci-self-instruct_predictions.jsonl": ("json lines", "alpaca", 252, {}),
    "self_instruct/davinci_predictions.jsonl": ("json lines", "alpaca", 252, {}),
    "self_instruct/multi_news_summarize.jsonl": ("json lines", "alpaca", 200, {}),
    "self_instruct/seed_tasks.jsonl": ("json lines", "alpaca", 175, {}),
    "self_instruct/text-davinci-003_predictions.jsonl": ("json lines", "alpaca", 252, {}),
    "self_instruct/user_oriented_instructions.jsonl": ("json lines", "alpaca", 252, {}),
    "self_instruct/wiki_hop_original_explain_relation.jsonl": ("json lines", "alpaca", 200, {}),
    "self_instruct/xsum_DOC_write_summary_of_above.jsonl": ("json lines", "alpaca", 200, {}),
}

REFUSED: dict[str, str] = {
    "alpaca52k/ds2_ratings.jsonl.gz": "unknown_shape",  # scores
    "gorilla/torchhub_train.json": "unknown_shape",
    "llamafactory_demo/c4_demo.jsonl": "unknown_shape",  # running text under a key
    "llamafactory_demo/dataset_info.json": "unknown_shape",
    "llamafactory_demo/wiki_demo.txt": "plain_text",
    "llm_decontaminator/CodeAlpacaDB.jsonl": "unknown_shape",
    "llm_decontaminator/HumanEval.jsonl": "unknown_shape",
    "llm_decontaminator/humaneval_multi.jsonl": "unknown_shape",
    "llm_decontaminator/humaneval_python.jsonl": "unknown_shape",
    "llm_decontaminator/rephrase_gsm8k.jsonl": "unknown_shape",
    "llm_decontaminator/sociology_test.csv": "no_header",
    "llm_decontaminator/sociology_test_chinese_filtered_question.jsonl": "unknown_shape",
    "mlx_examples/test.jsonl": "unknown_shape",
    "mlx_examples/train.jsonl": "unknown_shape",
    "open_instruct_samples/LFS_POINTER_sft_sample.jsonl": "lfs_pointer",
    "stories260K/stories260K.bin": "binary_file",
    "stories260K/tok512.bin": "binary_file",
    "tinyshakespeare/input.txt": "plain_text",
}

# What a few files are for: options, instructions, quarantined.
WITH_OPTIONS: list[tuple[str, dict[str, Any], int, dict[str, int]]] = [
    (
        "awesome_prompts/rev0000_2022-12-14_def06dca.csv",
        {"fields": {"prompt": "act", "response": "prompt"}},
        107,
        {},
    ),
    (
        "awesome_prompts/rev2005_2025-12-17_73ba3d99.csv",
        {"fields": {"prompt": "act", "response": "prompt"}},
        437,
        {},
    ),
    (
        "awesome_prompts/rev1337_2025-12-22_3fe95e70.csv",
        {"fields": {"prompt": "act", "response": "prompt"}},
        487,
        {},
    ),
    (
        "awesome_prompts/rev2674_2026-01-06_2521203f.csv",
        {"fields": {"prompt": "act", "response": "prompt"}},
        941,
        {},
    ),
    (
        "cot_transparency_messages/train.jsonl",
        {"fields": {"prompt": "question.stem", "response": "answerKey"}},
        4_957,
        {},
    ),
    (
        "gorilla/BFCL_v4_simple_python.json",
        {"fields": {"messages": "question.0", "tools": "function"}, "prompts_only": True},
        400,
        {},
    ),
    ("ifeval/input_data.jsonl", {"prompts_only": True}, 541, {}),
    (
        "llm_decontaminator/humaneval_python.jsonl",
        {"fields": {"prompt": "text"}, "prompts_only": True},
        147,
        {"empty_prompt": 17},
    ),
    (
        "llm_decontaminator/sociology_test.csv",
        {"fields": {"prompt": "1", "response": "6"}},
        201,
        {},
    ),
    ("open_instruct_samples/rlvr_sample.jsonl", {"prompts_only": True}, 100, {}),
]


def read(name: str, **options: Any) -> tuple[int, Counter[str], FileReport]:
    n_read, reasons, files = 0, Counter[str](), list[FileReport]()
    for batch in read_batches([str(DATA / name)], ReadOptions(**options), report=files.append):
        n_read += batch.instructions.num_rows
        reasons.update(batch.quarantine["reason"].to_pylist())
    return n_read, reasons, files[0]


@pytest.mark.parametrize("name", few_of(list(READ), *list(READ)[::3]))
def test_a_file_is_read_as_it_is_known(name: str) -> None:
    container, shape, n_instructions, reasons = READ[name]
    n_read, found, file = read(name)
    assert (file.container, file.shape, n_read, dict(found)) == (
        container,
        shape,
        n_instructions,
        reasons,
    )
    assert (file.compression == "gzip") == name.endswith(".gz")


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_holds_no_instructions_is_refused_by_name_and_reason(name: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(name)
    assert caught.value.reason == REFUSED[name]
    assert name in str(caught.value)


@pytest.mark.parametrize(("name", "options", "n_instructions", "reasons"), WITH_OPTIONS)
def test_a_file_is_read_with_what_its_user_says(
    name: str, options: dict[str, Any], n_instructions: int, reasons: dict[str, int]
) -> None:
    n_read, found, _ = read(name, **options)
    assert (n_read, dict(found)) == (n_instructions, reasons)


def test_the_folder_holds_no_other_data_files() -> None:
    known = {*READ, *REFUSED}
    files = {
        str(path.relative_to(DATA))
        for path in DATA.rglob("*")
        if path.is_file() and path.suffix != ".md"
    }
    assert {
        name for name in files - known if not name.startswith(("bbh/", "alpaca52k/parts/"))
    } == set()


def test_every_task_of_big_bench_hard_is_read_whole() -> None:
    files: list[FileReport] = []
    n_read = sum(
        batch.instructions.num_rows
        for batch in read_batches([str(DATA / "bbh/*.json")], report=files.append)
    )
    assert (n_read, len(files)) == (6_511, 27)
    assert {(file.container, file.shape) for file in files} == {
        ("json object with a list", "alpaca")
    }


def test_answers_of_a_tool_and_reasoning_set_are_texts() -> None:
    n_read = n_parts = 0
    for batch in read_batches([str(DATA / "llamafactory_demo/reason_tool_use_demo_50.jsonl")]):
        for messages in batch.instructions["messages"].to_pylist():
            n_read += 1
            n_parts += messages[-1]["extra"] is not None
            assert [
                turn["content"] for turn in messages if turn["content"].startswith('[{"type"')
            ] == []
    assert (n_read, n_parts) == (50, 50)


@pytest.mark.slow
def test_alpaca_has_no_duplicates_and_its_placeholders_are_counted() -> None:
    fingerprints: set[str] = set()
    files: list[FileReport] = []
    for batch in read_batches([str(DATA / "alpaca52k/alpaca_data.json")], report=files.append):
        fingerprints.update(batch.instructions["fingerprint"].to_pylist())
    assert len(fingerprints) == 51_974
    assert files[0].n_no_input == PLACEHOLDERS


PLACEHOLDERS = 636
"""Placeholder inputs; one more belongs to a record without an output."""
