"""Labels `language` and score `language_confidence`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import Catalog

pytest.importorskip("lingua", reason="the extra `language` brings it")

TEXTS = {
    "en": ("How do I boil an egg?", "Put the egg into boiling water for eight minutes."),
    "de": ("Wie koche ich ein Ei?", "Legen Sie das Ei acht Minuten in kochendes Wasser."),
    "fr": ("Comment cuire un œuf ?", "Plongez l'œuf huit minutes dans l'eau bouillante."),
    "ja": ("卵をゆでるには？", "沸騰したお湯に卵を八分間入れてください。"),
    "": ("1 + 1", "2"),
}


@pytest.mark.slow
def test_languages_are_labels_and_their_confidence_is_a_score(
    catalog: Catalog, jsonl: Callable[..., Path]
) -> None:
    pairs = [{"instruction": prompt, "output": answer} for prompt, answer in TEXTS.values()]
    catalog.register(jsonl(pairs), pool="p")
    found, confidence = catalog.score("p", "language", "language_confidence").reports
    assert (found.signal.kind, confidence.signal.kind) == ("labels", "score")
    assert found.reasons == confidence.reasons == {"no_language": 1}
    rows = catalog.sql(
        "SELECT labels.labels AS found, value FROM pool('p') "
        "JOIN labels('p', name => 'language') AS labels USING (instruction_id) "
        "JOIN score('p', name => 'language_confidence') USING (instruction_id) ORDER BY row_number"
    )
    assert [each[0] if each else "" for each in rows["found"].to_list()] == [*TEXTS]
    assert rows["value"].to_list()[-1] is None
    assert all(0.3 < value <= 1 for value in rows["value"].to_list()[:-1])
    assert catalog.score("p", "language").reports[0].n_computed == 0
    catalog.score("p", "n_labels")
    assert catalog.scores("p")["n_labels"].to_list() == [None] * 5  # a language is no ability
