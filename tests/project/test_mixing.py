"""The arithmetic of mixtures: shares, caps, repeats and rests, by properties over random pools."""

import math
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import OptionError
from catalog.kernels._common.mixing import Cap, Part, deal, read_budget, read_parts, sizes

WEIGHTS = st.lists(st.integers(1, 40), min_size=1, max_size=30)


@st.composite
def mixtures(draw: st.DrawFn) -> dict[str, Any]:
    """Parts with members and weights; shares of at most 100 %, and perhaps a rest."""
    weights = draw(st.lists(WEIGHTS, min_size=1, max_size=4))
    left = 100
    parts = []
    for number in range(len(weights)):
        share = draw(st.integers(1, max(1, left // 2)))
        left -= share
        parts.append(Part(f"p{number}", f"{share}%", draw(st.integers(1, 3))))
    if draw(st.booleans()):
        parts[-1] = Part(parts[-1].name, "rest", parts[-1].repeats)
    members, start = [], 0
    for own in weights:
        members.append(list(range(start, start + len(own))))
        start += len(own)
    flat = [weight for own in weights for weight in own]
    return {
        "parts": parts,
        "members": members,
        "weights": flat,
        "budget": draw(st.integers(1, 900)),
    }


@given(mixtures())
@settings(max_examples=40)
def test_a_part_has_its_size_within_one_member_unless_it_ran_out(mixture: dict[str, Any]) -> None:
    dealt = deal(**mixture)
    weights = mixture["weights"]
    achieved = {
        part.name: sum(dealt.copies[each] * weights[each] for each in own)
        for part, own in zip(mixture["parts"], mixture["members"], strict=True)
    }
    others = sum(achieved[part.name] for part in mixture["parts"] if part.size != "rest")
    for part, own in zip(mixture["parts"], mixture["members"], strict=True):
        target = mixture["budget"] * Fraction(part.size[:-1]) / 100 if "%" in part.size else None
        target = mixture["budget"] - others if target is None else target
        assert achieved[part.name] <= target
        if part.name in dealt.ran_out:
            assert achieved[part.name] == part.repeats * sum(weights[each] for each in own)
        else:
            assert target - achieved[part.name] < max(weights[each] for each in own)
    assert sum(achieved.values()) <= mixture["budget"]


@given(mixtures())
@settings(max_examples=25)
def test_no_member_stands_more_often_than_its_part_repeats_and_none_twice_before_all_stand_once(
    mixture: dict[str, Any],
) -> None:
    dealt = deal(**mixture)
    for part, own in zip(mixture["parts"], mixture["members"], strict=True):
        copies = [dealt.copies[each] for each in own]
        assert max(copies) <= part.repeats
        assert max(copies) - min(copies) <= 1
        assert copies == sorted(copies, reverse=True)
        assert all((dealt.left_out[each] is None) == (dealt.copies[each] > 0) for each in own)


@given(mixtures(), st.integers(5, 60), st.data())
@settings(max_examples=25)
def test_no_value_exceeds_its_cap(mixture: dict[str, Any], share: int, data: st.DataObject) -> None:
    weights = mixture["weights"]
    one = st.lists(st.sampled_from("xyz"), max_size=2, unique=True)
    values = data.draw(st.lists(one, min_size=len(weights), max_size=len(weights)))
    limit = mixture["budget"] * share / 100
    dealt = deal(**mixture, caps=[Cap(limit, values, "cap")])
    for value in "xyz":
        used = sum(
            copies * weight
            for copies, weight, own in zip(dealt.copies, weights, values, strict=True)
            if value in own
        )
        assert used <= limit
    uncapped = [each for each, own in enumerate(values) if not own and not dealt.copies[each]]
    assert all("cap" not in str(dealt.left_out[each]) for each in uncapped)


def test_the_rest_gets_what_a_part_that_ran_out_leaves() -> None:
    parts = read_parts(["small=50%*2", "large=rest"])
    dealt = deal(parts, [[0, 1], list(range(2, 20))], [1] * 20, budget=16)
    assert sum(dealt.copies[:2]) == 4
    assert sum(dealt.copies[2:]) == 12
    assert dealt.ran_out == {"small"}
    assert dealt.asked == {"small": 8, "large": 8}


def test_the_rest_asks_for_what_sizes_and_whole_pools_leave() -> None:
    parts = read_parts(["a=rest", "b=all*2", "c=10%"])
    assert sizes(parts, [99, 20, 99], budget=100) == [50, math.inf, 10]
    assert sizes(parts, [99, 80, 99], budget=100)[0] == 0


@given(st.lists(st.integers(1, 99), min_size=1, max_size=5), st.integers(1, 10**6))
@settings(max_examples=50)
def test_shares_of_100_percent_fit_any_budget(cuts: list[int], budget: int) -> None:
    ends = [0, *sorted({*cuts}), 100]
    shares = [right - left for left, right in pairwise(ends)]
    parts = [Part(str(number), f"{share}%") for number, share in enumerate(shares)]
    assert sum(sizes(parts, [0] * len(parts), budget=budget)) == pytest.approx(budget)


@pytest.mark.parametrize(
    ("parts", "budget", "place"),
    [
        (["a=60%", "b=50%"], "100", "110"),
        (["a=60%", "a=10%"], "100", "a is named"),
        (["a=rest", "b=rest"], "100", "rest"),
        (["a=0*2"], "100", "0"),
        (["a=5*0"], "100", "5*0"),
        (["a"], "100", "'a'"),
        (["a=1e3"], "100", "1e3"),
        (["a=70", "b=40"], "100", "110"),
        (["a=40%"], "all", "40%"),
        (["a=rest"], "all", "rest"),
        (["a=all*3"], "2", "3"),
        (["a=all"], "0", "'0'"),
        (["a=all"], "-5", "'-5'"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts: list[str], budget: str, place: str) -> None:
    with pytest.raises(OptionError) as refused:
        deal(read_parts(parts), [[0], [1]][: len(parts)], [1, 1], budget=read_budget(budget))
    assert place in str(refused.value)


def test_all_takes_every_member_as_often_as_it_repeats() -> None:
    dealt = deal(read_parts(["a=all*3"]), [[0, 1]], [5, 7], budget=math.inf)
    assert dealt.copies == [3, 3]
    assert dealt.ran_out == set()
