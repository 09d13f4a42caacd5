"""A generated pool that needs no network: six sources, three difficulties, planted duplicates.

Every record is drawn from a seed, so the pool is the same on every machine. What is planted is
known, so that a selection can be judged by eye: one record in forty is an exact copy (a few more
arise by chance), one in twenty a near copy (other wording, same task), half of the pool is
arithmetic, and the rarest source is one in twenty.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

N_RECORDS = 2000
SEED = 20240612


class Task(NamedTuple):
    """One generated task."""

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
WORDINGS = (
    "Please answer this: {0}",
    "Here is a task for you. {0}",
    "{0} Take your time.",
    "{0} Be brief.",
)


def demo_records(n: int = N_RECORDS, *, seed: int = SEED) -> Iterator[dict[str, Any]]:
    """The demo pool's records: instruction, output, source, difficulty, label, and ``planted`` where one is.

    >>> sorted(next(demo_records(1)))
    ['difficulty', 'instruction', 'label', 'output', 'source']
    """
    draw = random.Random(seed)
    made: list[dict[str, Any]] = []
    for index in range(n):
        if index % 40 == 39:
            yield dict(draw.choice(made)) | {"planted": "exact copy"}
            continue
        if index % 20 == 7 and made:
            yield _reworded(draw, draw.choice(made))
            continue
        source = draw.choices(list(SOURCES), weights=[weight for weight, _ in SOURCES.values()])[0]
        difficulty = draw.choices((1, 2, 3), weights=(5, 3, 2))[0]
        task = SOURCES[source][1](draw, difficulty)
        record = {
            "instruction": task.prompt,
            "output": task.response,
            "source": source,
            "difficulty": difficulty,
            "label": {"abilities": task.abilities},
        }
        made.append(record)
        yield record


def write_demo(path: Path, *, n: int = N_RECORDS) -> Path:
    """Write the demo pool as JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        for record in demo_records(n):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    return path


def _reworded(draw: random.Random, record: dict[str, Any]) -> dict[str, Any]:
    return record | {
        "instruction": draw.choice(WORDINGS).format(record["instruction"]),
        "planted": "near copy",
    }


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
    who, other = draw.sample(NAMES, 2)
    thing = draw.choice(THINGS)
    have, more, price = draw.randint(3, 60), draw.randint(2, 40), draw.randint(2, 9)
    if difficulty == 1:
        prompt = f"{who} has {have} {thing} and gets {more} more from {other}. How many {thing} does {who} have now?"
        return Task(
            prompt,
            f"{who} had {have} and got {more}, so {have} + {more} = {have + more}. The answer is {have + more}.",
            ["word problem", "addition"],
        )
    total = (have + more) * price
    prompt = f"{who} buys {have} {thing} and {other} buys {more}. Each costs {price} coins. How much do they pay together?"
    answer = f"Together they buy {have} + {more} = {have + more} {thing}. At {price} coins each that is {have + more} × {price} = {total}."
    if difficulty == 2:
        return Task(
            prompt,
            f"{answer} The answer is {total}.",
            ["word problem", "addition", "multiplication"],
        )
    paid = total + draw.randint(1, 50)
    return Task(
        f"{prompt[:-1]}, and how much change do they get from {paid} coins?",
        f"{answer} From {paid} coins they get {paid} - {total} = {paid - total} back. They pay {total} and get {paid - total} in change.",
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
    who, animal, place, colour = (
        draw.choice(NAMES),
        draw.choice(ANIMALS),
        draw.choice(PLACES),
        draw.choice(COLOURS),
    )
    if difficulty == 1:
        prompt = f"Rewrite in the past tense: {who} and I {now} near {place}."
        return Task(prompt, f"{who} and I {past} near {place}.", ["grammar", "rewriting"])
    if difficulty == 2:
        prompt = f"Make one sentence of these two: {who} {past} something near {place}. It was a {colour} {animal}."
        return Task(prompt, f"{who} {past} a {colour} {animal} near {place}.", ["rewriting"])
    prompt = f"Write a two-sentence story about {who}, a {colour} {animal} and {place}."
    story = f"Early one morning {who} {past} a {colour} {animal} near {place}. Nobody believed it until the {animal} came back the next day."
    return Task(prompt, story, ["creative writing", "rewriting"])


def _judging(draw: random.Random, difficulty: int) -> Task:
    word, mood = draw.choice(MOODS)
    who, place = draw.choice(NAMES), draw.choice(PLACES)
    text = f"{who}, our guide at {place}, was {word}"
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


# A source's weight, and what draws one of its tasks at a difficulty from 1 to 3.
SOURCES: dict[str, tuple[int, Callable[[random.Random, int], Task]]] = {
    "arithmetic": (50, _arithmetic),
    "stories": (15, _story),
    "sorting": (12, _sorting),
    "rewriting": (10, _rewriting),
    "judging": (8, _judging),
    "coding": (5, _coding),
}
