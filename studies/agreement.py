"""Agreement with published data: Alpaca's longest answers and DS2's ratings.

Zhao et al. 2024 (arXiv 2402.04833) and DS2 (arXiv 2410.10877).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from alpaca_pool import BASE, NEEDS, SHAPE, alpaca_records, prepared, write_records
from study import COLOURS, Claim, Study, Table, begin, verdict

from catalog import Catalog

SAMPLE, RESAMPLES, LONGEST = 10_000, 1000, 1000
RATINGS = ("overall", "complexity", "rarity", "informativeness", "llama", "mistral")
OURS = ("depth", "depth_without_k", "ifd", "perplexity", "n_tokens")


def main() -> None:
    """Run both comparisons, one after the other."""
    study = begin(__file__, "Agreement with published data", seeds=1)
    catalog, facts = prepared(study)
    longest = study.run({"part": "longest"}, lambda: compare_longest(study, catalog))
    rated = study.run({"part": "ratings"}, lambda: compare_ratings(study, catalog))
    draw_ratings(study, rated)
    study.conclude(
        question="Do lengths and depths agree with what others published for the same data?",
        protocol=[
            f"Longest: the {longest['n']:,} longest answers of {longest['members']:,} members, "
            "by `longest` (tokens of the base's vocabulary of 2,048) and by words.",
            f"Ratings: Spearman's correlation over {rated['n']:,} random members of the pool "
            "that have all numbers (answers that a window of 512 tokens cuts have no IFD); a "
            "sample is enough, since its intervals are narrower than 0.06. 95 % intervals of "
            f"{RESAMPLES:,} bootstrap resamples, seed 0.",
            f"Depth, IFD and perplexity are those of the base, of {SHAPE.layers} layers and "
            f"width {SHAPE.width}, which has seen no Alpaca; depth with its K, and divided by it.",
        ],
        claims=claims(longest, rated),
        tables=tables(longest, rated),
        needs=NEEDS,
        seconds=facts["seconds"] + longest["seconds"] + rated["seconds"],
    )


def compare_longest(study: Study, catalog: Catalog) -> dict[str, Any]:
    """Count how many of the longest answers by tokens are among the longest by words."""
    home = study.work / "alpaca"
    records, _ = alpaca_records(study)
    catalog.register(write_records(home / "whole.jsonl", records), pool="whole", mode="replace")
    catalog.score("whole", "n_tokens", model=BASE, max_length=2048)
    words = catalog.sql(
        "SELECT fingerprint, len(regexp_extract_all(response, '\\S+')) AS n_words FROM "
        "pool('whole')"
    )
    words.write_parquet(home / "words.parquet")
    catalog.import_scores("whole", home / "words.parquet", name="n_words", key="fingerprint")
    n = study.sized(LONGEST, smoke=20)
    for score in ("n_tokens", "n_words"):
        catalog.select(
            "longest", "whole", budget=n, name=f"longest_{score}", settings={"score": score}
        )
    ((both,),) = catalog.sql(
        "SELECT count(*) FROM subset('longest_n_tokens') JOIN subset('longest_n_words') USING "
        "(instruction_id)"
    ).rows()
    counts = catalog.sql(
        "SELECT n_tokens, n_words FROM scores('whole') WHERE n_tokens IS NOT NULL AND n_words IS "
        "NOT NULL"
    )
    return {
        "n": n,
        "members": counts.height,
        "both": both,
        "spearman": float(spearman(counts.to_numpy())[0, 1]),
    }


def compare_ratings(study: Study, catalog: Catalog) -> dict[str, Any]:
    """Return Spearman's correlation of each of our scores with each rating, and its interval."""
    theirs = study.sized(RATINGS, smoke=RATINGS[:4])
    for name in theirs:
        # DS2 wrote 0 for a failed call of GPT; in the other ratings 0 is a value.
        missing = (0,) if name in RATINGS[:4] else ()
        catalog.import_scores(
            "alpaca", study.work / "alpaca" / "ratings.jsonl", name=name, missing=missing
        )
    catalog.select("random", "alpaca", budget=study.sized(SAMPLE, smoke=100), name="sample")
    catalog.score("sample", "ifd", "perplexity", "n_labels", model=BASE)
    without_k = "depth / coalesce(n_labels, 1) AS depth_without_k"
    ours = ", ".join(OURS).replace("depth_without_k", without_k)
    query = f"SELECT {ours}, {', '.join(theirs)} FROM scores('sample') ORDER BY fingerprint"
    rows = catalog.sql(query).drop_nulls().to_numpy()
    whole = spearman(rows)
    generator = np.random.default_rng(0)
    resamples = study.sized(RESAMPLES, smoke=20)
    resampled = np.array(
        [spearman(rows[generator.integers(len(rows), size=len(rows))]) for _ in range(resamples)]
    )
    low, high = np.nanquantile(resampled, (0.025, 0.975), axis=0)
    names = [*OURS, *theirs]
    correlations = {
        mine: {
            other: [float(part[i, names.index(other)]) for part in (whole, low, high)]
            for other in theirs
        }
        for i, mine in enumerate(OURS)
    }
    return {"n": len(rows), "correlations": correlations}


def spearman(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the rank correlations of columns, (k, k); ties share their mean rank."""
    from scipy.stats import rankdata

    with np.errstate(invalid="ignore"):
        return np.corrcoef(rankdata(rows, axis=0), rowvar=False)


def claims(longest: dict[str, Any], rated: dict[str, Any]) -> list[Claim]:
    """Return the claims, each with its verdict by the rule that it states."""
    share = longest["both"] / longest["n"]
    depth, ifd = rated["correlations"]["depth"], rated["correlations"]["ifd"]
    return [
        Claim(
            "The longest answers are the same by tokens and by words.",
            "Alpaca's 1,000 longest (Zhao et al. 2024) are counted in tokens; published copies "
            "count in words or characters.",
            f"{longest['both']:,} of {longest['n']:,} in both; Spearman of the counts "
            f"{longest['spearman']:.3f}",
            verdict(holds=share >= 0.9, in_part=share >= 0.7),
            "Holds from 90 % in both, in part from 70 %.",
        ),
        _agreement("Depth ranks as a large model's ratings of quality do.", depth),
        _agreement("IFD ranks as a large model's ratings of quality do.", ifd),
    ]


def _agreement(claim: str, correlations: dict[str, list[float]]) -> Claim:
    ratings = {name: correlations[name] for name in ("overall", "complexity")}
    lowest = min(low for _, low, _ in ratings.values())
    return Claim(
        claim,
        "Neither paper compares them; DS2 gives GPT-4o-mini's ratings of every row of Alpaca.",
        "; ".join(
            f"{name} {value:+.3f} [{low:+.3f}, {high:+.3f}]"
            for name, (value, low, high) in ratings.items()
        ),
        verdict(holds=lowest > 0.2, in_part=lowest > 0),
        "Holds when both intervals lie above 0.2, in part above 0. The base is tiny; a large "
        "model's depth may agree better.",
    )


def tables(longest: dict[str, Any], rated: dict[str, Any]) -> list[Table]:
    """Return every number of the figures."""
    correlations = [
        {"ours": mine}
        | {
            name: f"{value:+.3f} [{low:+.3f}, {high:+.3f}]"
            for name, (value, low, high) in row.items()
        }
        for mine, row in rated["correlations"].items()
    ]
    overlap = [
        {
            "longest": longest["n"],
            "of": longest["members"],
            "in both": longest["both"],
            "Spearman": round(longest["spearman"], 4),
        }
    ]
    return [
        Table("Longest by tokens and by words", overlap),
        Table("Spearman's correlation with DS2's ratings, 95 % interval", correlations),
    ]


def draw_ratings(study: Study, rated: dict[str, Any]) -> None:
    """Draw a row for each of our scores, with a mark and an interval for each rating."""
    from matplotlib import pyplot

    theirs = list(next(iter(rated["correlations"].values())))
    colours = [
        COLOURS[name] for name in ("ila", "s2l", "deita", "depth_only", "fisher_sft", "random")
    ]
    figure, axis = pyplot.subplots(figsize=(7, 3.6))
    for place, name in enumerate(theirs):
        rows = [rated["correlations"][mine][name] for mine in OURS]
        y = np.arange(len(OURS)) + 0.12 * (place - (len(theirs) - 1) / 2)
        values = np.array(rows)
        errors = np.abs(values[:, 1:] - values[:, :1]).T
        axis.errorbar(
            values[:, 0],
            y,
            xerr=errors,
            fmt="o",
            markersize=3.5,
            linewidth=1.2,
            color=colours[place],
            label=name,
        )
    axis.axvline(0, color=COLOURS["random"], linewidth=0.8)
    axis.set_yticks(range(len(OURS)), OURS)
    axis.invert_yaxis()
    axis.set_xlabel("Spearman's correlation with a rating of DS2")
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    study.picture(
        figure,
        suffix="-ratings",
        caption=f"Our scores against DS2's ratings, {rated['n']:,} members; 95 % bootstrap "
        "intervals.",
    )


if __name__ == "__main__":
    main()
