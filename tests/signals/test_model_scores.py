"""TOML files of scores that ask a model: what is read, and where a wrong one is wrong."""

import re

import pytest

from catalog.errors import HeaderError
from catalog.signals.model_score_files import built_in_model_scores, parse_model_score
from catalog.signals.model_scores import JudgeScore

GOOD = '''kind = "judge"
summary = "How kind the answer is."
template = """
parser = {prompt}
"""
parser = "choice"
scale = [0, 1]

[choices]
yes = 1
no = 0
'''


def test_a_file_is_read_with_its_defaults() -> None:
    score = parse_model_score(GOOD, name="kind")
    assert isinstance(score, JudgeScore)
    assert (score.choices, score.scale, score.inputs) == ({"yes": 1, "no": 0}, (0, 1), ("prompt",))
    assert (score.per, score.sampling) == ("record", {"temperature": 0, "max_tokens": 256})
    assert score.origin == "added"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('parser = "', 'parserr = "', 6),
        ('"judge"', '"jury"', 1),
        ('"judge"', '"reward"', 6),
        ('"choice"', '"choices"', 6),
        ('"choice"', '"regex"', 1),
        ('"choice"', "7", 6),
        ("{prompt}", "{promt}", 3),
        ("{prompt}", "text", 3),
        ("[0, 1]", "[1, 0]", 7),
        ("[0, 1]", "[0, true]", 7),
        ("[0, 1]", "[0, 1", 9),
        ("yes = 1", 'yes = "1"', 9),
        ("[choices]", "[sampling]\ntemprature = 1\n[choices]", 10),
        ("[choices]", '[sampling]\nmax_tokens = "many"\n[choices]', 10),
        ("[choices]", "[sampling]\nmax_tokens = -4\n[choices]", 10),
        ("[choices]", '[sampling]\ntemperature = "hot"\n[choices]', 10),
        ("[choices]", "[sampling]\ntop_p = nan\n[choices]", 10),
        ("[choices]", "[sampling]\nseed = 1979-05-27\n[choices]", 10),
        ("scale", 'per = "turns"\nscale', 7),
        ("template = ", "system = ", 1),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(old: str, new: str, line: int) -> None:
    with pytest.raises(HeaderError, match=rf"^x\.toml:{line}:\d+: "):
        parse_model_score(GOOD.replace(old, new, 1), name="x")


def test_a_stored_file_is_read_whatever_its_sampling() -> None:
    text = GOOD + "[sampling]\nmax_tokens = -4\n"
    score = parse_model_score(text, name="x", is_stored=True)
    assert isinstance(score, JudgeScore)
    assert score.sampling["max_tokens"] == -4


@pytest.mark.parametrize("pattern", ["(", "no group", "(a)(b)"])
def test_a_pattern_must_compile_and_have_one_group(pattern: str) -> None:
    text = 'kind = "judge"\nsummary = "s"\ntemplate = "{prompt}"\nparser = "regex"\n'
    text += f'pattern = "{pattern}"\n'
    with pytest.raises(HeaderError, match=r"^x\.toml:5:1: pattern"):
        parse_model_score(text, name="x")


def test_every_score_of_the_package_names_its_paper_and_source() -> None:
    judges = [each for each in built_in_model_scores().values() if each.kind == "judge"]
    assert len(judges) >= 8
    for each in judges:
        assert re.search(r"arXiv \d{4}\.\d{5}", each.paper or ""), each.name
        assert each.source
