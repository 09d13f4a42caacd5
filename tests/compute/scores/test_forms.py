"""IFD in the forms of its authors' code, against a plain rewrite, one record at a time."""

import math
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import Catalog
from catalog.signals.coverage import coverages
from catalog.signals.resolve import command_for
from catalog.store.references import resolve
from tests.copies import made_once

Write = Callable[..., Path]
WORDS = ("the", "river", "night:", "light,", "field", "stone", "(large)", "sum", "is", "why")
WINDOW = 400
ALPACA = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{}\n\n### Response:"
)


def records() -> list[dict[str, str]]:
    rng = random.Random(3)

    def sentence(most: int) -> str:
        return " ".join(rng.choices(WORDS, k=rng.randint(2, most)))

    pairs = [(sentence(12), sentence(15)) for _ in range(16)]
    # Answers that begin with a space, a line break, a mark that merges with the colon; repetitions.
    pairs += [("why", " the river"), ("how", "\nis it"), ("add", ":) night"), ("is", "is")]
    pairs += [("one token", "the"), ("cut", "river " * 200), ("asks " * 200, "yes it is")]
    return [{"instruction": prompt, "output": answer} for prompt, answer in pairs]


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write) -> Catalog:
    catalog.register(jsonl(records()), pool="p")
    return catalog


def with_start_token(model: Path, folder: Path, *, has_start: bool) -> Path:
    """Write a random model whose tokenizer does, or does not, write a start token."""
    import torch
    from tokenizers.processors import TemplateProcessing

    from catalog.models.causal_lm import load_causal_lm, save_causal_lm

    lm = load_causal_lm(model)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        for weights in lm.model.parameters():
            torch.nn.init.normal_(weights, std=0.4)
    eos = lm.tokenizer.eos_token
    lm.tokenizer.bos_token = eos
    first = f"{eos} $A" if has_start else "$A"
    lm.tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=first, special_tokens=[(eos, lm.tokenizer.eos_token_id)]
    )
    save_causal_lm(lm, folder)
    return folder


def authors(folder: Path, form: str) -> dict[str, tuple[float, float]]:
    """Loss of each response with its prompt and without, as the published scripts take them."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)

    def loss(text: str, target: str | None) -> float:
        ids = tokenizer.encode(text, return_tensors="pt")
        labels = ids.clone()
        if target is not None:
            labels[0, : len(tokenizer.encode(text[: text.rfind(target)]))] = -100
        with torch.no_grad():
            return float(model(ids, labels=labels).loss)

    losses = {}
    for record in records():
        prompt, answer = record["instruction"], record["output"]
        if form == "cherry":
            before = ALPACA.format(prompt)
            pair = loss(before + answer, answer), loss("### Response:" + answer, answer)
        else:
            pair = loss(f"{prompt}\n" + answer, answer), loss(answer, None)
        losses[prompt] = pair
    return losses


def stored(catalog: Catalog, name: str) -> dict[str, tuple[float | None, str | None]]:
    rows = catalog.sql(
        "SELECT p.prompt, s.value, s.reason FROM pool('p') AS p "
        f"JOIN score('p', name => '{name}') AS s USING (instruction_id)"
    )
    return {prompt: (value, reason) for prompt, value, reason in rows.rows()}


@pytest.mark.parametrize(
    ("name", "form", "has_start"),
    [
        pytest.param("ifd", "cherry", False),
        pytest.param("ifd_ppl", "superfiltering", False),
        pytest.param("ifd", "cherry", True, marks=pytest.mark.slow),
        pytest.param("ifd_ppl", "superfiltering", True, marks=pytest.mark.slow),
        pytest.param("ifd", "superfiltering", True, marks=pytest.mark.slow),
        pytest.param("ifd_ppl", "cherry", False, marks=pytest.mark.slow),
    ],
)
def test_a_form_gives_the_numbers_of_its_authors_code(
    pool: Catalog, model: Path, tmp_path: Path, name: str, form: str, has_start: bool
) -> None:
    folder = with_start_token(model, tmp_path / "model", has_start=has_start)
    pool.score("p", name, model=str(folder), form=form, max_length=WINDOW)
    found = stored(pool, name)
    compared = 0
    for prompt, (given, alone) in authors(folder, form).items():
        value, reason = found[prompt]
        if reason is None:
            wanted = given / alone if name == "ifd" else math.exp(given - alone)
            assert value == pytest.approx(wanted, rel=1e-5), prompt
            compared += 1
        elif reason == "one_token_response":
            assert math.isnan(given) or math.isnan(alone), prompt
        else:
            assert (prompt.split()[0], reason) in {
                ("cut", "truncated_response"),
                ("asks", "prompt_fills_window"),
            }
    assert compared >= 19


def test_each_score_defaults_to_the_form_of_its_paper(pool: Catalog, model: Path) -> None:
    reports = pool.score("p", "ifd", "ifd_ppl", model=str(model), limit=4).reports
    assert [report.signal.name for report in reports] == [
        *("cherry_response_loss", "cherry_answer_loss", "ifd"),
        *("superfiltering_response_loss", "superfiltering_answer_loss", "ifd_ppl"),
    ]
    settings = dict(pool.signals("p").select("name", "settings").rows())
    assert "form cherry" in settings["cherry_response_loss"]


@pytest.mark.slow
def test_the_symmetric_form_is_the_signal_of_before(pool: Catalog, model: Path) -> None:
    """Its identity names no form, so that values of an older catalog keep their meaning."""
    (*_, report) = pool.score("p", "ifd", model=str(model), form="symmetric").reports
    assert set(report.signal.identity) == {"inputs", "version"}
    assert set(report.signal.identity["inputs"]) == {"response_loss", "answer_loss"}
    (*_, cherry) = pool.score("p", "ifd", model=str(model)).reports
    assert cherry.signal.signal_id != report.signal.signal_id


@pytest.mark.parametrize("form", [pytest.param("cherry", marks=pytest.mark.slow), "symmetric"])
def test_the_command_that_continues_a_score_names_its_form(
    pool: Catalog, model: Path, form: str
) -> None:
    pool.score("p", "ifd", model=str(model), form=form, limit=4)
    with pool.store.reading() as connection:
        reference = resolve(connection, "p")
        (coverage,) = (
            each for each in coverages(connection, reference, kind="score") if each.name == "ifd"
        )
    assert f"--form {form}" in str(command_for("score", reference, "ifd", coverage))


@pytest.mark.slow
def test_earlier_turns_and_a_system_text_come_before_the_response(model: Path) -> None:
    from catalog.models.causal_lm import load_causal_lm
    from catalog.models.response_forms import CHERRY, SUPERFILTERING, form_tokens
    from catalog.models.tokens import beginning_tokens

    lm = load_causal_lm(model)
    roles = ("user", "assistant") * 2
    contents = ("Say hi.", "hi", "Again.", "hi again")
    instruction = {
        "messages": [
            {"role": role, "content": content}
            for role, content in zip(roles, contents, strict=True)
        ],
        "system": "Be brief.",
        "tools": None,
    }
    texts = {}
    for form in (CHERRY, SUPERFILTERING):
        (tokens,) = form_tokens(
            [instruction], tokenizer=lm.tokenizer, form=form, has_prompt=True, max_length=512
        )
        texts[form.marker] = lm.tokenizer.decode(tokens.ids[len(beginning_tokens(lm.tokenizer)) :])
    assert texts[""] == "Be brief.\nSay hi.\nhi\nAgain.\nhi again"
    assert texts["### Response:"].startswith("Be brief.\n\n### Instruction:\nSay hi.")
