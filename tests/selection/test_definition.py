from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.errors import OptionError
from catalog.selection.definition import define
from catalog.selection.selector import find_selector
from catalog.store.store import Store
from tests.quick import one_in


@pytest.mark.parametrize(
    "change",
    one_in(
        2,
        [
            {"budget": 6},
            {"seed": 1},
            {"ref": "tiny@1"},
            {"settings": {"k": 3, "proxy": "tiny"}},
            {"settings": {"proxy": "tiny"}},
        ],
    ),
)
def test_whatever_changes_the_members_changes_the_definition(
    store: Store, change: dict[str, object]
) -> None:
    selector = find_selector(store, "s2l")
    plain = {"ref": "tiny@2", "budget": 5, "settings": {"k": 4, "proxy": "tiny"}}
    before = define(store, selector, **plain)  # type: ignore[arg-type]
    assert define(store, selector, **(plain | change)).sha256 != before.sha256  # type: ignore[arg-type]


def test_a_seed_is_a_whole_number(store: Store) -> None:
    for seed in ("1", 1.0, None):
        with pytest.raises(OptionError, match=r"^seed: "):
            define(store, find_selector(store, "random"), ref="tiny@2", budget=5, seed=seed)  # type: ignore[arg-type]


def test_what_changes_nothing_leaves_the_definition(store: Store) -> None:
    selector = find_selector(store, "s2l")
    settings = {"k": 4, "proxy": "tiny"}
    before = define(store, selector, ref="tiny@2", budget=5, settings=settings)
    rewritten = replace(
        selector,
        text="-- summary: other words\n" + selector.text.replace("SELECT", "select  /* all */"),
    )
    assert (
        define(
            store, rewritten, ref="tiny", budget="15%", settings={"proxy": "tiny", "k": "4"}
        ).sha256
        == before.sha256
    )
    with store.writing() as connection:
        connection.execute("INSERT INTO tags VALUES ('tiny', 'second', 2, TIMESTAMP '2026-01-03')")
    assert (
        define(store, selector, ref="tiny@second", budget=5, settings=settings).sha256
        == before.sha256
    )


def test_new_losses_change_the_definition(store: Store) -> None:
    selector = find_selector(store, "s2l")
    before = define(store, selector, ref="tiny", budget=5, settings={"proxy": "tiny"})
    with store.writing() as connection:
        connection.execute("UPDATE signals SET identity_sha256 = 'other' WHERE signal_id = 1")
    assert (
        define(store, selector, ref="tiny", budget=5, settings={"proxy": "tiny"}).sha256
        != before.sha256
    )
