"""curate_scores: against the published procedure, which is followed row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import MemoryLimitError, OptionError, QueryError
from catalog.kernels._common.transition import consensus, transition
from catalog.kernels.curate_scores import curate_scores
from tests.kernels.test_round_robin import relation
from tests.quick import few_of


def planted(n: int, n_classes: int, wrong: float, seed: int) -> tuple[np.ndarray, ...]:
    """Return vectors of clusters, their classes, and ratings of which a share is wrong."""
    draw = np.random.default_rng(seed)
    centres = 4 * draw.normal(size=(n_classes, 6))
    classes = draw.integers(0, n_classes, n)
    x = (centres[classes] + draw.normal(size=(n, 6))).astype(np.float32)
    is_wrong = draw.random(n) < wrong
    ratings = np.where(is_wrong, (classes + 1) % n_classes, classes)
    return x, classes, ratings


def rated(x: np.ndarray, ratings: np.ndarray, seed: int) -> pa.Table:
    rows = relation(x.astype(np.float64), "p", np.random.default_rng(seed))
    return rows.append_column("rating", pa.array(ratings))


def estimated(triples: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return prior and transition matrix by torch's Adam over the published equations."""
    import torch

    counts = [torch.zeros([n_classes] * order, dtype=torch.float64) for order in (1, 2, 3)]
    for own, first, second in triples.tolist():
        counts[0][own] += 1
        counts[1][own, first] += 1
        counts[2][own, first, second] += 1
    counts = [each / len(triples) for each in counts]
    t = (5 * torch.eye(n_classes) - torch.ones(n_classes, n_classes)).double()
    p = torch.zeros(n_classes, dtype=torch.float64)
    t.requires_grad, p.requires_grad = True, True
    optimizer, least, best = torch.optim.Adam([t, p], lr=0.1), 1e9, None
    for step in range(1501):
        rated, prior = t.softmax(dim=1), p.softmax(dim=0)
        expected = (
            prior @ rated,
            torch.einsum("i,ia,ib->ab", prior, rated, rated),
            torch.einsum("i,ia,ib,ic->abc", prior, rated, rated, rated),
        )
        loss = sum(torch.norm(a - b) for a, b in zip(expected, counts, strict=True))
        if loss.item() < least and step > 5:
            least, best = loss.item(), (prior.detach().numpy(), rated.detach().numpy())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert best is not None
    return best


def own(triples: np.ndarray, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the kernel's prior and transition matrix: a second where torch takes several."""
    answer = transition(consensus(triples, n_classes))
    return answer.prior, answer.rated


def wrong_shares(
    near: dict[int, dict[int, list[int]]], ratings: np.ndarray, n_classes: int, matrix_of: Any
) -> np.ndarray:
    """Return the share of each class that is rated wrongly, from the matrix of all rounds."""
    triples = [
        [ratings[i], ratings[others[0]], ratings[others[1]]]
        for of_round in near.values()
        for i, others in of_round.items()
    ]
    prior, matrix = matrix_of(np.array(triples), n_classes)
    observed = np.bincount(ratings, minlength=n_classes) / len(ratings)
    share = 1 - np.minimum(np.diag(matrix) * prior / observed, 1)
    return np.where(share >= 1, 0.95, np.where(share <= 0, 0.05, share))


def votes_on(i: int, others: list[int], distance: np.ndarray, ratings: np.ndarray) -> np.ndarray:
    """Return the votes on one row, the row's own first."""
    values = np.array([0.0, *distance[i, others]])
    values[0] = 2 * values[1] - values[2]
    votes = np.zeros(ratings.max() + 1)
    for j, value in zip([i, *others], values, strict=True):
        votes[ratings[j]] += 1 - value
    return votes / np.linalg.norm(votes)


def by_hand(
    x: np.ndarray,
    ratings: np.ndarray,
    *,
    k: int,
    drawn: list[np.ndarray],
    n_classes: int,
    matrix_of: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the suggested rating of every row, and the confidence, round by round."""
    n = len(x)
    units = x.astype(np.float64) / np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True)
    distance = 1 - np.round(units @ units.T, 12)
    order = np.argsort(distance, axis=1, kind="stable")
    near = {
        turn: {i: [j for j in order[i] if j in rows and j != i][: k - 1] for i in sorted(rows)}
        for turn, rows in enumerate({*each.tolist()} for each in drawn)
    }
    share = wrong_shares(near, ratings, n_classes, matrix_of)
    n_drawn, n_wrong, n_suggested = np.zeros(n), np.zeros(n), np.zeros((n, n_classes))
    for of_round in near.values():
        votes = {i: votes_on(i, others, distance, ratings) for i, others in of_round.items()}
        score = {i: -np.log(votes[i][ratings[i]] + 1e-8) for i in votes}
        n_drawn[[*votes]] += 1
        for number in range(n_classes):
            of_class = [i for i in votes if ratings[i] == number]
            scores = [score[i] for i in of_class] or [np.inf]
            threshold = np.percentile(scores, 100 * (1 - share[number]))
            for i in (i for i in of_class if score[i] >= threshold):
                n_wrong[i] += 1
                n_suggested[i, votes[i].argmax()] += 1
    is_wrong = (n_wrong + 1) / (n_drawn + 2)
    chances = (n_suggested + 1) / (n_suggested.sum(axis=1) + n_classes)[:, None]
    chances[np.arange(n), ratings] = -1
    confidence = np.where(np.round(is_wrong) == 1, chances.max(axis=1) * is_wrong, 0)
    return np.where(confidence > 0, chances.argmax(axis=1), ratings), confidence


@pytest.mark.parametrize(
    ("n_classes", "share", "matrix_of"),
    few_of(
        [(2, 1.0, estimated), (4, 0.9, estimated), (6, 0.6, estimated), (4, 0.9, own)],
        (4, 0.9, own),
    ),
)
def test_suggestions_equal_those_of_the_published_procedure(
    n_classes: int, share: float, matrix_of: Any
) -> None:
    x, _, ratings = planted(90, n_classes, 0.25, seed=n_classes)
    ratings[-1] = n_classes - 1
    table = rated(x, ratings, seed=1)
    answer = curate_scores(table, by="rating", k=7, rounds=4, share=share, seed=3)
    rows = table.sort_by("fingerprint")
    draw = np.random.default_rng(3)
    drawn = [draw.permutation(90)[: int(share * 90)] for _ in range(4)]
    suggested, confidence = by_hand(
        np.array(rows["v"].to_pylist(), dtype=np.float32),
        rows["rating"].to_numpy(),
        k=7,
        drawn=drawn,
        n_classes=n_classes,
        matrix_of=matrix_of,
    )
    assert answer["fingerprint"].to_pylist() == rows["fingerprint"].to_pylist()
    np.testing.assert_allclose(answer["confidence"], confidence, atol=1e-9)
    assert answer["suggested"].to_pylist() == suggested.tolist()
    assert (answer["confidence"].to_numpy() > 0.3).any()


def test_the_matrix_is_that_of_ratings_drawn_by_a_known_one() -> None:
    draw = np.random.default_rng(0)
    truth = np.array([[0.8, 0.15, 0.05], [0.1, 0.8, 0.1], [0.02, 0.18, 0.8]])
    classes = draw.choice(3, size=60_000, p=[0.2, 0.5, 0.3])
    triples = np.stack(
        [(draw.random((60_000, 1)) > truth[classes].cumsum(axis=1)).sum(axis=1) for _ in range(3)],
        axis=1,
    )
    answer = transition(consensus(triples, 3))
    np.testing.assert_allclose(answer.rated, truth, atol=0.03)
    np.testing.assert_allclose(answer.prior, [0.2, 0.5, 0.3], atol=0.03)


def test_wrong_ratings_are_corrected_and_most_right_ones_stay() -> None:
    x, classes, ratings = planted(600, 4, 0.2, seed=9)
    table = rated(x, ratings, seed=2)
    answer = curate_scores(table, by="rating", rounds=9)
    truth = rated(x, classes, seed=2).sort_by("fingerprint")["rating"].to_numpy()
    given = table.sort_by("fingerprint")["rating"].to_numpy()
    is_sure = answer["confidence"].to_numpy() >= 0.5
    curated = np.where(is_sure, answer["suggested"].to_numpy(), given)
    assert (given == truth).mean() < 0.82
    assert (curated == truth).mean() > 0.95


def test_rarity_is_the_mean_distance_to_the_nearest_the_row_itself_included() -> None:
    x, _, ratings = planted(40, 3, 0.1, seed=5)
    answer = curate_scores(rated(x, ratings, seed=0), by="rating", k=5, rounds=1)
    rows = rated(x, ratings, seed=0).sort_by("fingerprint")
    units = np.array(rows["v"].to_pylist())
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    expected = np.sort(1 - units @ units.T, axis=1)[:, :5].mean(axis=1)
    np.testing.assert_allclose(answer["rarity"], expected, atol=1e-6)


@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_few_rows_far_apart_or_without_length_have_finite_numbers(scale: float) -> None:
    x = scale * np.random.default_rng(0).normal(size=(4, 3))
    answer = curate_scores(rated(x, np.array([0, 1, 1, 0]), seed=0), by="rating", rounds=5)
    assert np.isfinite(answer["confidence"].to_numpy()).all()
    assert np.isfinite(answer["rarity"].to_numpy()).all()


def test_what_cannot_be_curated_is_refused() -> None:
    x, _, ratings = planted(30, 3, 0.1, seed=1)
    table = rated(x, ratings, seed=0)
    for options in ({"k": 2}, {"rounds": 0}, {"share": 0.0}, {"share": 1.1}):
        with pytest.raises(OptionError):
            curate_scores(table, by="rating", **options)
    with pytest.raises(QueryError, match="4 or more"):
        curate_scores(table.slice(0, 3), by="rating")
    with pytest.raises(QueryError, match="at most 20"):
        curate_scores(rated(x, np.arange(30) / 7, seed=0), by="rating")
    with pytest.raises(MemoryLimitError):
        curate_scores(table, by="rating", memory=1000)
