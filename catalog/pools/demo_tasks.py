"""Generate the tasks of the demo pool: six sources in three difficulties."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple


class Task(NamedTuple):
    """Generated task."""

    prompt: str
    response: str
    abilities: list[str]


NAMES = (
    "Ada",
    "Bilal",
    "Chen",
    "Dora",
    "Emeka",
    "Farah",
    "Goran",
    "Hana",
    "Ivan",
    "Jun",
    "Kofi",
    "Lena",
    "Mina",
    "Noor",
    "Omar",
    "Pia",
)
THINGS = (
    "apples",
    "books",
    "candles",
    "dice",
    "eggs",
    "flags",
    "grapes",
    "hats",
    "keys",
    "lamps",
    "maps",
    "nails",
    "pens",
    "shells",
)
COLOURS = (
    "amber",
    "black",
    "blue",
    "brown",
    "crimson",
    "green",
    "grey",
    "ivory",
    "orange",
    "pink",
    "purple",
    "red",
    "teal",
    "white",
)
ANIMALS = (
    "badger",
    "crane",
    "dolphin",
    "eagle",
    "ferret",
    "gecko",
    "heron",
    "ibex",
    "jackal",
    "koala",
    "lynx",
    "marten",
    "newt",
    "otter",
)
VERBS = (
    ("walk", "walked"),
    ("paint", "painted"),
    ("open", "opened"),
    ("carry", "carried"),
    ("find", "found"),
    ("write", "wrote"),
)
PLACES = (
    "the harbour",
    "the library",
    "the market",
    "the old bridge",
    "the orchard",
    "the station",
    "the summit",
    "the workshop",
)
MOODS = (
    ("wonderful", "positive"),
    ("dreadful", "negative"),
    ("superb", "positive"),
    ("dull", "negative"),
    ("charming", "positive"),
    ("rude", "negative"),
)


def _arithmetic(draw: random.Random, difficulty: int) -> Task:
    a, b, c = (draw.randint(2, 10 ** min(difficulty + 1, 3)) for _ in range(3))
    if difficulty == 1:
        return Task(f"What is {a} plus {b}?", str(a + b), ["addition"])
    if difficulty == 2:
        return Task(
            f"Compute {a} + {b} - {c}.",
            f"{a} + {b} = {a + b}, and {a + b} - {c} = {a + b - c}. The answer is {a + b - c}.",
            ["addition", "subtraction"],
        )
    steps = f"{b} × {c} = {b * c}, then {a} + {b * c} = {a + b * c}. The answer is {a + b * c}."
    return Task(
        f"Evaluate {a} + {b} × {c} and show each step.",
        f"Multiplication comes first: {steps}",
        ["addition", "multiplication", "reasoning"],
    )


def _story(draw: random.Random, difficulty: int) -> Task:
    name, other = draw.sample(NAMES, 2)
    thing = draw.choice(THINGS)
    have, more, price = draw.randint(3, 60), draw.randint(2, 40), draw.randint(2, 9)
    if difficulty == 1:
        return Task(
            f"{name} has {have} {thing} and gets {more} more from {other}. "
            f"How many {thing} does {name} have now?",
            f"{name} had {have} and got {more}, so {have} + {more} = {have + more}. "
            f"The answer is {have + more}.",
            ["word problem", "addition"],
        )
    total = (have + more) * price
    prompt = (
        f"{name} buys {have} {thing} and {other} buys {more}. Each costs {price} coins. "
        "How much do they pay together?"
    )
    answer = (
        f"Together they buy {have} + {more} = {have + more} {thing}. "
        f"At {price} coins each that is {have + more} × {price} = {total}."
    )
    if difficulty == 2:
        return Task(
            prompt,
            f"{answer} The answer is {total}.",
            ["word problem", "addition", "multiplication"],
        )
    paid = total + draw.randint(1, 50)
    return Task(
        f"{prompt[:-1]}, and how much change do they get from {paid} coins?",
        f"{answer} From {paid} coins they get {paid} - {total} = {paid - total} back. "
        f"They pay {total} and get {paid - total} in change.",
        ["word problem", "addition", "multiplication", "subtraction", "reasoning"],
    )


def _sorting(draw: random.Random, difficulty: int) -> Task:
    if difficulty == 1:
        words = draw.sample(COLOURS, 3)
        return Task(
            f"Sort these words alphabetically: {', '.join(words)}.",
            ", ".join(sorted(words)),
            ["sorting"],
        )
    numbers = draw.sample(range(-50, 300), 3 + 2 * difficulty)
    prompt = f"Sort the numbers {', '.join(map(str, numbers))} from smallest to largest."
    answer = ", ".join(map(str, sorted(numbers)))
    if difficulty == 2:
        return Task(prompt, answer, ["sorting", "numbers"])
    middle = sorted(numbers)[len(numbers) // 2]
    return Task(
        f"{prompt[:-1]}, and name the median.",
        f"Sorted: {answer}. The median is {middle}.",
        ["sorting", "numbers", "statistics"],
    )


def _rewriting(draw: random.Random, difficulty: int) -> Task:
    now, past = draw.choice(VERBS)
    name, animal = draw.choice(NAMES), draw.choice(ANIMALS)
    place, colour = draw.choice(PLACES), draw.choice(COLOURS)
    if difficulty == 1:
        prompt = f"Rewrite in the past tense: {name} and I {now} near {place}."
        return Task(prompt, f"{name} and I {past} near {place}.", ["grammar", "rewriting"])
    if difficulty == 2:
        prompt = (
            f"Make one sentence of these two: {name} {past} something near {place}. "
            f"It was a {colour} {animal}."
        )
        return Task(prompt, f"{name} {past} a {colour} {animal} near {place}.", ["rewriting"])
    prompt = f"Write a two-sentence story about {name}, a {colour} {animal} and {place}."
    story = (
        f"Early one morning {name} {past} a {colour} {animal} near {place}. "
        f"Nobody believed it until the {animal} came back the next day."
    )
    return Task(prompt, story, ["creative writing", "rewriting"])


def _judging(draw: random.Random, difficulty: int) -> Task:
    word, mood = draw.choice(MOODS)
    name, place = draw.choice(NAMES), draw.choice(PLACES)
    text = f"{name}, our guide at {place}, was {word}"
    if difficulty == 1:
        return Task(
            f"Is this review positive or negative? “{text}.”", mood.capitalize(), ["classification"]
        )
    other, second = draw.choice(MOODS)
    verdict = mood if mood == second else "mixed"
    prompt = (
        f"Classify the review as positive, negative or mixed: “{text}, and the view was {other}.”"
    )
    if difficulty == 2:
        return Task(prompt, verdict.capitalize(), ["classification"])
    reason = (
        f"The guide is {word} ({mood}) and the view {other} ({second}), so the review is {verdict}."
    )
    return Task(f"{prompt} Give your reason.", reason, ["classification", "reasoning"])


def _coding(draw: random.Random, difficulty: int) -> Task:
    name, n = draw.choice(THINGS), draw.randint(2, 99)
    if difficulty == 1:
        return Task(
            f"Write a Python line that prints the first {n} items of {name}.",
            f"print({name}[:{n}])",
            ["python"],
        )
    if difficulty == 2:
        body = f"def add_{n}({name}):\n    return [item + {n} for item in {name}]"
        return Task(
            f"Write a Python function that adds {n} to every item of a list called {name}.",
            body,
            ["python", "lists"],
        )
    loop = f"    for item in {name}:\n        if item > {n}:\n            total += 1"
    body = f"def count_above_{n}({name}):\n    total = 0\n{loop}\n    return total"
    return Task(
        f"Write a Python function, with a loop, that counts the {name} greater than {n}.",
        body,
        ["python", "lists", "reasoning"],
    )


SOURCES: dict[str, tuple[int, Callable[[random.Random, int], Task]]] = {
    "arithmetic": (50, _arithmetic),
    "stories": (15, _story),
    "sorting": (12, _sorting),
    "rewriting": (10, _rewriting),
    "judging": (8, _judging),
    "coding": (5, _coding),
}
"""The weight of each source, and the function that draws one of its tasks, of difficulty 1 to 3."""
