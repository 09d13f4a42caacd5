"""JSON texts of the catalog."""

import json

import pytest

from catalog.json_text import json_text


def test_json_text_never_holds_what_is_not_json() -> None:
    value = {"a": [float("inf"), 1.5, {"b": float("nan")}], "c": {1}, "d": 10**40}
    assert json.loads(json_text(value), parse_constant=pytest.fail) == {
        "a": [None, 1.5, {"b": None}],
        "c": "{1}",
        "d": 10**40,
    }
