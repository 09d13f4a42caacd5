from typing import Any

import pytest

from catalog.pools.labels import labels_of


@pytest.mark.parametrize(
    ("value", "labels"),
    [
        (None, None),
        ("", None),
        ([], None),
        ("math", ["math"]),
        ("[not a list", ["[not a list"]),
        ('["a", "b"]', ["a", "b"]),
        (["a", None, "", 3], ["a", "3"]),
        ([{"tag": "x", "explanation": "y"}, {"label": "z"}], ["x", "z"]),
        ({"name": "n"}, ["n"]),
        ([{"other": 1}], None),
    ],
)
def test_labels_are_read_however_they_are_written(value: Any, labels: list[str] | None) -> None:
    assert labels_of(value) == labels


def test_half_of_a_surrogate_pair_is_not_a_label() -> None:
    with pytest.raises(UnicodeEncodeError):
        labels_of(["\ud83d"])
