"""What is measured over the turns of conversations, against a plain loop, one token at a time."""

import random
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog import Catalog, SignalError
from catalog.models.template import alpaca_prompt
from tests.compute.conftest import WORDS
from tests.copies import made_once

Write = Callable[..., Path]
Row = dict[str, Any]
WINDOW = 2000
CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def conversation(n_answers: int) -> Row:
    """Return a conversation whose answers have weight 0 now and then, with other turns between."""
    rng = random.Random(n_answers)

    def text() -> str:
        return " ".join(rng.choices(WORDS.split(), k=rng.randint(2, 9)))

    messages: list[Row] = [{"role": "system", "content": text()}] if n_answers % 2 else []
    for answer in range(n_answers):
        messages += [{"role": "user", "content": text()}, {"role": "assistant", "content": text()}]
        if rng.random() < 0.3 and answer:
            messages[-1]["weight"] = 0
    if n_answers % 3 == 0:
        messages.append({"role": "user", "content": text()})
    return {"messages": messages}


CONVERSATIONS = [conversation(n) for n in range(1, 9)]


@pytest.fixture(params=["alpaca", pytest.param("chat", marks=pytest.mark.slow)])
def lm(request: pytest.FixtureRequest, model: Path, tmp_path: Path) -> Any:
    """Return the model, with and without a chat template; its name is its folder."""
    from catalog.models.causal_lm import load_causal_lm, save_causal_lm

    loaded = load_causal_lm(model)
    if request.param == "alpaca":
        return loaded
    loaded.tokenizer.chat_template = CHATML
    save_causal_lm(loaded, tmp_path / "chatty")
    return load_causal_lm(tmp_path / "chatty")


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Write) -> Catalog:
    catalog.register(jsonl(CONVERSATIONS), pool="p")
    return catalog


def trained(messages: list[Row], turns: str) -> list[int]:
    """Return the places of the answers that are measured."""
    answers = [place for place, turn in enumerate(messages) if turn["role"] == "assistant"]
    if turns == "last":
        return answers[-1:]
    return [place for place in answers if messages[place].get("weight") != 0]


def written(messages: list[Row], places: list[int], is_chat: bool) -> tuple[str, list[range]]:
    """Return a conversation as text, and the characters of its measured answers."""
    if messages[0]["role"] == "system" and not is_chat:
        system, messages = messages[0]["content"], messages[1:]
        places = [place - 1 for place in places]
        text = alpaca_prompt([], system=system).removesuffix("\n\n### Response:")
    else:
        text = "" if is_chat else alpaca_prompt([]).removesuffix("\n\n### Response:")
    spans = []
    for place, turn in enumerate(messages[: places[-1] + 1]):
        if is_chat:
            text += f"<|im_start|>{turn['role']}\n"
        else:
            text += (
                "\n\n" + {"user": "### Instruction:\n", "assistant": "### Response:"}[turn["role"]]
            )
        end = "<|im_end|>" if is_chat else "<|end|>" if place == places[-1] else ""
        if place in places:
            spans.append(range(len(text), len(text + turn["content"] + end)))
        text += turn["content"] + end + ("\n" if is_chat and place != places[-1] else "")
    return text, spans


def read(lm: Any, messages: list[Row], turns: str) -> tuple[list[int], list[list[int]]]:
    """Return the token ids of a conversation, and the positions of each measured answer."""
    is_chat = lm.template.name == "chat"
    text, spans = written(messages, trained(messages, turns), is_chat)
    encoded = lm.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    opening = [] if is_chat else [lm.tokenizer.bos_token_id]
    positions = [
        [
            place + len(opening)
            for place, (start, end) in enumerate(encoded["offset_mapping"])
            if start < span.stop and end > span.start
        ]
        for span in spans
    ]
    return opening + encoded["input_ids"], positions


def nats(lm: Any, ids: list[int], positions: list[int]) -> list[float]:
    """Return the cross-entropy of single tokens."""
    import torch

    with torch.inference_mode():
        logs = lm.model(torch.tensor([ids])).logits[0].double().log_softmax(-1)  # (T, V)
    return [-float(logs[place - 1, ids[place]]) for place in positions]


def in_form(lm: Any, messages: list[Row], turns: str, form: str, has_prompt: bool) -> float:
    """Return the loss of the answers in the form of a paper's code, each after its prompt."""
    system = None
    if messages[0]["role"] == "system":
        system = messages[0]["content"]
    losses: list[float] = []
    for place in trained(messages, turns):
        before = messages[bool(system) : place]
        prompt = alpaca_prompt(before, system=system)
        if form == "superfiltering":
            prompt = (
                "\n".join([*([system] if system else []), *(m["content"] for m in before)]) + "\n"
            )
        if not has_prompt:
            prompt = {"cherry": "### Response:", "superfiltering": ""}[form]
        ids = [lm.tokenizer.bos_token_id]
        start = max(1, 1 + len(lm.tokenizer(prompt, add_special_tokens=False)["input_ids"]))
        ids += lm.tokenizer(prompt + messages[place]["content"], add_special_tokens=False)[
            "input_ids"
        ]
        losses += nats(lm, ids, list(range(start, len(ids))))
    return float(np.mean(losses))


def plain(lm: Any, turns: str) -> list[dict[str, float]]:
    """Return the scores of the conversations."""
    rows = []
    for record in CONVERSATIONS:
        messages = record["messages"]
        ids, answers = read(lm, messages, turns)
        alone = [
            nats(lm, [lm.opening_id, *(ids[i] for i in part)], list(range(1, len(part) + 1)))
            for part in answers
        ]
        row = {
            "n_tokens": len([*chain(*answers)]),
            "response_loss": float(np.mean(nats(lm, ids, [*chain(*answers)]))),
            "answer_loss": float(np.mean([*chain(*alone)])),
        }
        for form in ("cherry", "superfiltering"):
            for name, has_prompt in (("response_loss", True), ("answer_loss", False)):
                row[f"{form}_{name}"] = in_form(lm, messages, turns, form, has_prompt)
        rows.append(row)
    return rows


BOTH = ["all", pytest.param("last", marks=pytest.mark.slow)]


@pytest.mark.parametrize("turns", BOTH)
def test_scores_of_conversations_equal_a_plain_loop(pool: Catalog, lm: Any, turns: str) -> None:
    wanted = plain(lm, turns)
    pool.score("p", *wanted[0], model=lm.name, max_length=WINDOW, turns=turns)
    rows = pool.sql("SELECT row_number, s.* FROM pool('p') JOIN scores('p') s USING (fingerprint)")
    for row in rows.sort("row_number").to_dicts():
        expected = wanted[row["row_number"]]
        assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-5)
        assert isinstance(row["n_tokens"], int)


@pytest.mark.parametrize("turns", BOTH)
def test_states_are_one_row_for_each_predicted_token(pool: Catalog, lm: Any, turns: str) -> None:
    import torch

    pool.states("p", model=lm.name, max_length=WINDOW, max_tokens=20, turns=turns, dtype="float32")
    rows = pool.sql(
        "SELECT row_number, states FROM pool('p') JOIN token_states('p') USING (fingerprint)"
    ).sort("row_number")
    for record, states in zip(CONVERSATIONS, rows["states"].to_list(), strict=True):
        ids, answers = read(lm, record["messages"], turns)
        with torch.inference_mode():
            hidden = lm.model(torch.tensor([ids]), output_hidden_states=True).hidden_states[-1][0]
        wanted = hidden[[place - 1 for place in chain(*answers)][:20]].numpy()
        assert np.array(states) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("turns", BOTH)
def test_losses_before_training_are_those_of_the_turns(pool: Catalog, lm: Any, turns: str) -> None:
    options: dict[str, Any] = {"epochs": 1, "batch": 4, "max_length": WINDOW, "turns": turns}
    pool.train_losses("p", proxy=lm.name, learning_rate=1e-5, **options)
    rows = pool.sql(
        "SELECT row_number, losses FROM pool('p') "
        "JOIN trajectories('p', include_start => true) USING (fingerprint)"
    ).sort("row_number")
    wanted = [row["response_loss"] for row in plain(lm, turns)]
    assert [losses[0] for losses in rows["losses"].to_list()] == pytest.approx(wanted, rel=1e-5)


@pytest.mark.slow
def test_where_every_member_has_one_answer_all_turns_are_the_last(
    catalog: Catalog, jsonl: Write, records: Callable[[int], list[Row]], model: Path
) -> None:
    catalog.register(jsonl(records(9)), pool="p")
    names = ("n_tokens", "response_loss", "ifd")
    before = catalog.score("p", *names, model=str(model), turns="last").reports
    assert all("turns" not in report.signal.identity for report in before)
    after = catalog.score("p", *names, model=str(model)).reports
    assert [each.signal.signal_id for each in after] == [each.signal.signal_id for each in before]
    assert [each.n_computed for each in after] == [0] * len(before)
    first, again = (catalog.states("p", model=str(model), turns=t) for t in ("last", "all"))
    assert (again.signal.signal_id, again.n_computed) == (first.signal.signal_id, 0)
    catalog.register(jsonl(CONVERSATIONS), pool="p", mode="append")
    (more,) = catalog.score("p", "response_loss", model=str(model), max_length=WINDOW).reports
    assert (more.signal.identity["turns"], more.n_computed) == ("all", 17)


def test_a_score_of_the_last_turns_is_continued_as_it_is(
    pool: Catalog, model: Path, jsonl: Write
) -> None:
    pool.score("p", "response_loss", model=str(model), turns="last")
    pool.register(jsonl([conversation(9)], "more.jsonl"), pool="p", mode="append")
    with pytest.raises(SignalError, match="--turns last` computes the rest"):
        pool.sql("SELECT * FROM score('p', name => 'response_loss')")


@pytest.mark.slow
def test_answers_of_weight_0_are_not_measured(catalog: Catalog, jsonl: Write, model: Path) -> None:
    pair = [
        {"role": "user", "content": "why"},
        {"role": "assistant", "content": "the river", "weight": 0},
    ]
    catalog.register(jsonl([{"messages": pair}, {"messages": 2 * pair}]), pool="p")
    names = ("n_tokens", "response_loss", "answer_loss", "cherry_response_loss")
    for turns, reason in (("all", "not_trained"), ("last", None)):
        catalog.score("p", *names, model=str(model), turns=turns)
        for name in names:
            rows = catalog.sql(f"SELECT reason FROM score('p', name => '{name}')")
            assert rows["reason"].to_list() == [reason, reason]
