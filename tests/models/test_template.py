from __future__ import annotations

from typing import Any

import pytest

from catalog.errors import UsageError
from catalog.models.template import ALPACA, template_of

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
NO_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] | trim }}</>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
THINKING = (  # drops earlier thoughts once there is an answer, and opens none for the answer itself
    "{% for m in messages %}[{{ m['role'] }}]"
    "{% if m['role'] == 'assistant' and loop.last %}<think></think>{% endif %}"
    "{{ m['content'] }}[/]{% endfor %}"
    "{% if add_generation_prompt %}[assistant]<think>{% endif %}"
)
SHOUTING = "{% for m in messages %}{{ m['content'] | upper }}{% endfor %}"


def talk(*contents: str, **more: Any) -> dict[str, Any]:
    roles = ("user", "assistant")
    return {
        "messages": [
            {"role": roles[i % 2], "content": content} for i, content in enumerate(contents)
        ],
        **more,
    }


@pytest.fixture
def chat(tiny: Any) -> Any:
    """A function from a chat template to a tokenizer that has it."""
    import copy

    def make(text: str) -> Any:
        tokenizer = copy.deepcopy(tiny.tokenizer)
        tokenizer.chat_template = text
        return tokenizer

    return make


def test_without_a_chat_template_the_prompt_is_alpacas(tiny: Any) -> None:
    rendered = template_of(tiny.tokenizer).render(talk("Say hi.", "hi"))
    assert rendered.text == f"{ALPACA}\n\n### Instruction:\nSay hi.\n\n### Response:hi<|end|>"
    assert rendered.text[rendered.boundary :] == "hi<|end|>"


def test_system_tools_turns_and_other_roles_have_their_places_in_alpacas_prompt(tiny: Any) -> None:
    one = talk("A", "B", "C", "D", system="Be kind.", tools='[{"name": "f"}]')
    one["messages"].insert(3, {"role": "tool", "content": "42"})
    text = template_of(tiny.tokenizer).render(one).text
    assert text == (
        'Be kind.\n\n### Tools:\n[{"name": "f"}]\n\n### Instruction:\nA\n\n### Response:B'
        "\n\n### Instruction:\nC\n\n### Tool:\n42\n\n### Response:D<|end|>"
    )


def test_the_response_is_the_last_assistant_message_and_what_follows_it_is_left_out(
    tiny: Any,
) -> None:
    rendered = template_of(tiny.tokenizer).render(talk("A", "B", "C"))
    assert rendered.text.endswith("### Response:B<|end|>")


def test_a_chat_response_ends_with_its_mark_and_without_the_line_after_it(chat: Any) -> None:
    rendered = template_of(chat(CHATML)).render(talk("A", "assistant", "C", "  D\n", system="S"))
    assert rendered.text[: rendered.boundary].endswith(
        "<|im_start|>user\nC<|im_end|>\n<|im_start|>assistant\n"
    )
    assert rendered.text[rendered.boundary :] == "  D\n<|im_end|>"
    assert rendered.text.startswith("<|im_start|>system\nS<|im_end|>\n")


def test_a_template_without_a_system_role_gets_it_in_the_first_turn(chat: Any) -> None:
    rendered = template_of(chat(NO_SYSTEM)).render(talk("A", "B", system="S"))
    assert rendered.text == "<user>S\n\nA</><assistant>B</>"
    assert rendered.text[rendered.boundary :] == "B</>"


def test_the_response_is_found_even_if_the_opened_prompt_is_not_a_prefix(chat: Any) -> None:
    rendered = template_of(chat(THINKING)).render(talk("A", "B"))
    assert rendered.text == "[user]A[/][assistant]<think></think>B[/]"
    assert rendered.text[rendered.boundary :] in ("B[/]", "</think>B[/]")


def test_a_prompt_that_opens_a_thought_leaves_it_to_an_answer_that_holds_one(chat: Any) -> None:
    opening = (
        "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}[/]{% endfor %}"
        "{% if add_generation_prompt %}[assistant]<think>{% endif %}"
    )
    rendered = template_of(chat(opening)).render(talk("A", "<think>B</think>C"))
    assert rendered.text[rendered.boundary :] in (
        "<think>B</think>C[/]",
        "[assistant]<think>B</think>C[/]",
    )
    assert template_of(chat(opening)).render(talk("A", "B")).text == "[user]A[/][assistant]B[/]"


def test_a_template_that_ends_nothing_gets_the_end_of_sequence(chat: Any) -> None:
    rendered = template_of(chat("{% for m in messages %}{{ m['content'] }}\n{% endfor %}")).render(
        talk("A", "B")
    )
    assert rendered.text == "A\nB<|end|>"


def test_a_template_that_rewrites_the_answer_refuses(chat: Any) -> None:
    assert template_of(chat(SHOUTING)).render(talk("a", "b")).reason == "template_refuses"


@pytest.mark.parametrize(
    ("contents", "reason"),
    [(("A",), "no_response"), (("A", " \n"), "empty_response"), ((), "no_response")],
)
def test_without_an_answer_there_is_a_reason(
    tiny: Any, chat: Any, contents: tuple[str, ...], reason: str
) -> None:
    for tokenizer in (tiny.tokenizer, chat(CHATML)):
        assert template_of(tokenizer).render(talk(*contents)).reason == reason


def test_the_identity_changes_with_the_template_only(tiny: Any, chat: Any) -> None:
    assert template_of(tiny.tokenizer).identity() == "alpaca"
    assert template_of(chat(CHATML)).identity() == template_of(chat(CHATML)).identity()
    assert template_of(chat(CHATML)).identity() != template_of(chat(NO_SYSTEM)).identity()


def test_a_tokenizer_without_an_end_is_refused(chat: Any) -> None:
    tokenizer = chat(CHATML)
    tokenizer.eos_token = None
    with pytest.raises(UsageError, match="end-of-sequence"):
        template_of(tokenizer)


@pytest.mark.parametrize("answer", [">", "|>", "<|im_end|>", "user", "D"])
def test_an_answer_that_stands_in_the_mark_after_it_ends_once(chat: Any, answer: str) -> None:
    rendered = template_of(chat(CHATML)).render(talk("A", answer))
    assert rendered.text[rendered.boundary :] == f"{answer}<|im_end|>"


@pytest.mark.parametrize("tools", ['["search", "calculator"]', "no JSON", "[1]"])
def test_tools_other_than_a_schema_refuse_only_their_record(chat: Any, tools: str) -> None:
    template = template_of(chat("{{ tools | tojson }}" + CHATML))
    assert template.render(talk("A", "B", tools=tools)).reason == "template_refuses"
    assert (
        template.render(
            talk("A", "B", tools='[{"type": "function", "function": {"name": "f"}}]')
        ).reason
        is None
    )
