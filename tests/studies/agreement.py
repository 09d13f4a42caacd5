"""Agreement with published data: Alpaca's longest answers, the ratings of DS2, and the rephrased test sets of llm_decontaminator.

Zhao et al. 2024 (arXiv 2402.04833), Pang et al. 2024 (DS2, arXiv 2410.10877), Yang et al. 2023 (arXiv 2311.04850).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from alpaca_pool import BASE, NEEDS, alpaca_records, prepared, write_records
from study import COLOURS, Claim, Study, Table, begin

from catalog import Catalog

SAMPLE, RESAMPLES, LONGEST = 10_000, 1000, 1000
RATINGS = ("overall", "complexity", "rarity", "informativeness", "llama", "mistral")
OURS = ("depth", "depth_without_k", "ifd", "perplexity", "n_tokens")
SETS = ("gsm8k", "humaneval_python", "humaneval_multi")
N_HUMANEVAL = 164
THRESHOLDS = {
    "text": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
    "vectors": (0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
    "nearest": (0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
}
TITLES = {
    "text": "near_duplicates of text (MinHash)",
    "vectors": "near_duplicates of embeddings (cosine)",
    "nearest": "nearest original (cosine)",
}
COLUMNS = {"text": "prompt", "vectors": "vector"}
SIDES = "source AS side, (metadata->>'item')::INT AS item"
RELATIONS = {
    "text": f"(SELECT fingerprint, prompt, {SIDES} FROM pool($pool))",
    "vectors": f"(SELECT fingerprint, vector, {SIDES} FROM embeddings($pool) JOIN pool($pool) USING (instruction_id, fingerprint))",
}


def main() -> None:
    """The three comparisons, one after the other."""
    study = begin(__file__, "Agreement with published data", seeds=1)
    catalog, facts = prepared(study)
    longest = study.run({"part": "longest"}, lambda: compare_longest(study, catalog))
    rated = study.run({"part": "ratings"}, lambda: compare_ratings(study, catalog))
    found = {name: study.run({"part": name}, lambda name=name: contamination(study, catalog, name)) for name in SETS}
    draw_ratings(study, rated)
    draw_contamination(study, found)
    study.conclude(
        question="Do lengths, depths and near-duplicates agree with what others published for the same data?",
        protocol=[
            f"Longest: the {longest['n']:,} longest answers of {longest['members']:,} members, by `longest` (tokens of the base's "
            "vocabulary of 2,048) and by words.",
            f"Ratings: Spearman's correlation over {rated['n']:,} random members of the pool that have all numbers (a sample is enough: "
            f"intervals are narrower than 0.06); 95 % intervals of {RESAMPLES:,} bootstrap resamples, seed 0. Depth, IFD and perplexity "
            f"are the base's, a model of 0.23 million parameters that has seen no Alpaca; depth with its K, and divided by it.",
            "Contamination: each rephrased set and its originals are one pool of prompts. An item is found when its own original stands in "
            "its group of near_duplicates (or is its nearest original at that cosine), and false when another original does; text is "
            "compared by shingles of 5 characters, embeddings by all-MiniLM-L6-v2. humaneval_multi has each item in 5 languages.",
            "Not compared: sociology_test, whose file of originals is the rephrased one's translation without its numbers.",
        ],
        claims=claims(longest, rated, found),
        tables=tables(longest, rated, found),
        needs=NEEDS + " Of `llm_decontaminator` (lm-sys/llm-decontaminator) and `gsm8k` the test sets.",
        seconds=facts["seconds"] + sum(part["seconds"] for part in (longest, rated, *found.values())),
    )


def compare_longest(study: Study, catalog: Catalog) -> dict[str, Any]:
    """How many of the longest by tokens are among the longest by words."""
    home = study.work / "alpaca"
    records, _ = alpaca_records(study)
    catalog.register(write_records(home / "whole.jsonl", records), pool="whole")
    catalog.score("whole", "n_tokens", model=BASE, max_length=2048)
    words = catalog.sql("SELECT fingerprint, len(regexp_extract_all(response, '\\S+')) AS n_words FROM pool('whole')")
    words.write_parquet(home / "words.parquet")
    catalog.import_scores("whole", home / "words.parquet", name="n_words", key="fingerprint")
    n = 20 if study.is_smoke else LONGEST
    for score in ("n_tokens", "n_words"):
        catalog.select("longest", "whole", budget=n, name=f"longest_{score}", settings={"score": score})
    ((both,),) = catalog.sql("SELECT count(*) FROM subset('longest_n_tokens') JOIN subset('longest_n_words') USING (instruction_id)").rows()
    counts = catalog.sql("SELECT n_tokens, n_words FROM scores('whole') WHERE n_tokens IS NOT NULL AND n_words IS NOT NULL")
    return {"n": n, "members": counts.height, "both": both, "spearman": float(spearman(counts.to_numpy())[0, 1])}


def compare_ratings(study: Study, catalog: Catalog) -> dict[str, Any]:
    """Spearman's correlation of each of our scores with each rating: value, and both ends of its interval."""
    for name in RATINGS if not study.is_smoke else RATINGS[:4]:
        missing = (0,) if name in RATINGS[:4] else ()  # DS2 wrote 0 for a failed call of GPT; 0 is a rating of the others
        catalog.import_scores("alpaca", study.work / "alpaca" / "ratings.jsonl", name=name, missing=missing)
    catalog.select("random", "alpaca", budget=100 if study.is_smoke else SAMPLE, name="sample")
    catalog.score("sample", "ifd", "perplexity", "n_labels", model=BASE, max_length=256)
    theirs = RATINGS[:4] if study.is_smoke else RATINGS
    ours = ", ".join("depth / coalesce(n_labels, 1) AS depth_without_k" if name == "depth_without_k" else name for name in OURS)
    rows = catalog.sql(f"SELECT {ours}, {', '.join(theirs)} FROM scores('sample') ORDER BY fingerprint").drop_nulls().to_numpy()
    whole = spearman(rows)
    generator = np.random.default_rng(0)
    resamples = 20 if study.is_smoke else RESAMPLES
    drawn = np.array([spearman(rows[generator.integers(len(rows), size=len(rows))]) for _ in range(resamples)])
    low, high = np.nanquantile(drawn, (0.025, 0.975), axis=0)
    names = [*OURS, *theirs]
    answer = {
        mine: {other: [float(part[i, names.index(other)]) for part in (whole, low, high)] for other in theirs}
        for i, mine in enumerate(OURS)
    }
    return {"n": len(rows), "correlations": answer}


def spearman(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Rank correlations of columns, (k, k), ties at their mean rank."""
    from scipy.stats import rankdata

    with np.errstate(invalid="ignore"):
        return np.corrcoef(rankdata(rows, axis=0), rowvar=False)


def contamination(study: Study, catalog: Catalog, name: str) -> dict[str, Any]:
    """Recall of rephrased items and the share with a false match, at each threshold of each way to look."""
    file = write_records(study.work / "alpaca" / f"{name}.jsonl", pairs_of(study, name))
    catalog.register(file, pool=name, source_column="side", prompts_only=True)
    catalog.embed(name)
    curves: dict[str, list[list[float]]] = {}
    for way, thresholds in THRESHOLDS.items():
        curves[way] = []
        for threshold in thresholds[::3] if study.is_smoke else thresholds:
            asked = {"pool": name, "threshold": threshold}
            ((n, found, false),) = catalog.sql(query_of(way), parameters=asked).rows()
            curves[way].append([threshold, found, false])
    return {"n": n, "curves": curves}


def query_of(way: str) -> str:
    """The SQL that counts rephrased items, the share found and the share with a false match."""
    if way == "nearest":
        sides = [f"(SELECT * FROM {RELATIONS['vectors']} WHERE side = '{side}')" for side in ("original", "rephrased")]
        matched = f"""
        SELECT similarity >= $threshold AND item = query_item AS is_found, similarity >= $threshold AND item <> query_item AS is_false
        FROM nearest({sides[0]}, {sides[1]}, k => 1)
        """
    else:
        matched = f"""
        WITH grouped AS (
            SELECT fingerprint, side, item, duplicate_group
            FROM near_duplicates({RELATIONS[way]}, by => '{COLUMNS[way]}', threshold => $threshold)
        ),
        originals AS (SELECT item AS original, duplicate_group FROM grouped WHERE side = 'original')
        SELECT coalesce(bool_or(original = item), false) AS is_found, coalesce(bool_or(original <> item), false) AS is_false
        FROM grouped
        LEFT JOIN originals USING (duplicate_group)
        WHERE side = 'rephrased'
        GROUP BY fingerprint
        """
    return f"SELECT count(*), avg(is_found::INT), avg(is_false::INT) FROM ({matched})"


def pairs_of(study: Study, name: str) -> list[dict[str, Any]]:
    """Originals and rephrased items as prompts, with the side that they are of and the number of the item."""
    if study.is_smoke:
        originals = [f"Count the {i} red apples in {i % 7} baskets near the old bridge number {i}." for i in range(12)]
        rephrased = [(i, text.replace("Count", "Add up").replace("near", "next to")) for i, text in enumerate(originals)]
    else:
        originals, rephrased = _published(study.data, name)
    sides = [("original", i, text) for i, text in enumerate(originals)] + [("rephrased", i, text) for i, text in rephrased if text.strip()]
    return [{"messages": [{"role": "user", "content": text}], "side": side, "item": i} for side, i, text in sides]


def _published(data: Path, name: str) -> tuple[list[str], list[tuple[int, str]]]:
    def read(file: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (data / file).read_text(encoding="utf-8").splitlines()]

    if name == "gsm8k":
        rephrased = [one["text"] for one in read("llm_decontaminator/rephrase_gsm8k.jsonl")]
        questions = [text.removeprefix("Question: ").partition("\nAnswer:")[0] for text in rephrased]
        return [one["question"] for one in read("gsm8k/test.jsonl")], list(enumerate(questions))
    texts = [one["text"] for one in read(f"llm_decontaminator/{name}.jsonl")]
    originals = [one["text"] for one in read("llm_decontaminator/HumanEval.jsonl")]
    return originals, [(i % N_HUMANEVAL, text) for i, text in enumerate(texts)]


def claims(longest: dict[str, Any], rated: dict[str, Any], found: dict[str, Any]) -> list[Claim]:
    """Judged by the rule beside each."""
    share = longest["both"] / longest["n"]
    depth, ifd = rated["correlations"]["depth"], rated["correlations"]["ifd"]
    text = {name: best(part["curves"]["text"]) for name, part in found.items()}
    cosine = {name: best(part["curves"]["nearest"]) for name, part in found.items()}
    usual = {name: min(part["curves"]["text"], key=lambda at: abs(at[0] - 0.8)) for name, part in found.items()}
    recalls = [at[1] for at in usual.values()]
    gains = [cosine[name][1] - cosine[name][2] - text[name][1] + text[name][2] for name in found]
    return [
        Claim(
            "The longest answers are the same by tokens and by words.",
            "Alpaca's 1,000 longest (Zhao et al. 2024) are counted in tokens; published copies count in words or characters.",
            f"{longest['both']:,} of {longest['n']:,} in both; Spearman of the counts {longest['spearman']:.3f}",
            "holds" if share >= 0.9 else "holds in part" if share >= 0.7 else "does not hold",
            "Holds from 90 % in both, in part from 70 %.",
        ),
        _agrees("Depth ranks as a large model's ratings of quality do.", depth),
        _agrees("IFD ranks as a large model's ratings of quality do.", ifd),
        Claim(
            "Matching text misses rephrased test items.",
            "n-gram overlap finds next to none of the rephrased items (Yang et al. 2023, table 1).",
            "recall at Jaccard 0.8: " + "; ".join(f"{name} {at[1]:.3f}" for name, at in usual.items()),
            "holds" if max(recalls) < 0.1 else "holds in part" if min(recalls) < 0.1 else "does not hold",
            "At near_duplicates' own threshold of 0.8; holds below 10 % recall in every set, in part in one.",
        ),
        Claim(
            "Embeddings find more of them than text at as few false matches.",
            "Embedding similarity finds many at the price of false positives (Yang et al. 2023, table 1).",
            "; ".join(f"{name}: {_at('nearest', cosine[name])}, {_at('text', text[name])}" for name in found),
            "holds" if min(gains) > 0 else "holds in part" if max(gains) > 0 else "does not hold",
            "Each at the threshold with the most recall less false matches; holds when embeddings lead in every set, in part in one.",
        ),
    ]  # fmt: skip


def best(curve: list[list[float]]) -> list[float]:
    """The threshold with the most recall less false matches."""
    return max(curve, key=lambda at: at[1] - at[2])


def _at(way: str, point: list[float]) -> str:
    return f"{way} at {point[0]:g} finds {point[1]:.2f} with {point[2]:.2f} false"


def _agrees(claim: str, correlations: dict[str, list[float]]) -> Claim:
    judged = {name: correlations[name] for name in ("overall", "complexity")}
    lowest = min(low for _, low, _ in judged.values())
    return Claim(
        claim,
        "Neither paper compares them; DS2 gives GPT-4o-mini's ratings of every row of Alpaca.",
        "; ".join(f"{name} {value:+.3f} [{low:+.3f}, {high:+.3f}]" for name, (value, low, high) in judged.items()),
        "holds" if lowest > 0.2 else "holds in part" if lowest > 0 else "does not hold",
        "Holds when both intervals lie above 0.2, in part above 0. The base is tiny; a large model's depth may agree better.",
    )


def tables(longest: dict[str, Any], rated: dict[str, Any], found: dict[str, Any]) -> list[Table]:
    """Every number of the figures."""
    correlations = [
        {"ours": mine} | {name: f"{value:+.3f} [{low:+.3f}, {high:+.3f}]" for name, (value, low, high) in row.items()}
        for mine, row in rated["correlations"].items()
    ]
    curves = [
        {"test set": name, "items": part["n"], "way": TITLES[way], "threshold": at[0], "recall": round(at[1], 3), "false": round(at[2], 3)}
        for name, part in found.items()
        for way, curve in part["curves"].items()
        for at in curve
    ]
    overlap = [{"longest": longest["n"], "of": longest["members"], "in both": longest["both"], "Spearman": round(longest["spearman"], 4)}]
    return [
        Table("Longest by tokens and by words", overlap),
        Table("Spearman's correlation with DS2's ratings, 95 % interval", correlations),
        Table("Rephrased test items", curves),
    ]


def draw_ratings(study: Study, rated: dict[str, Any]) -> None:
    """A row for each of our scores, a mark and its interval for each rating."""
    from matplotlib import pyplot

    theirs = list(next(iter(rated["correlations"].values())))
    colours = [COLOURS[name] for name in ("ila", "s2l", "deita", "depth_only", "fisher_sft", "random")]
    figure, axis = pyplot.subplots(figsize=(7, 3.6))
    for place, name in enumerate(theirs):
        rows = [rated["correlations"][mine][name] for mine in OURS]
        y = np.arange(len(OURS)) + 0.12 * (place - (len(theirs) - 1) / 2)
        values = np.array(rows)
        errors = np.abs(values[:, 1:] - values[:, :1]).T
        axis.errorbar(values[:, 0], y, xerr=errors, fmt="o", markersize=3.5, linewidth=1.2, color=colours[place], label=name)
    axis.axvline(0, color=COLOURS["random"], linewidth=0.8)
    axis.set_yticks(range(len(OURS)), OURS)
    axis.invert_yaxis()
    axis.set_xlabel("Spearman's correlation with a rating of DS2")
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    study.picture(figure, suffix="-ratings", caption=f"Our scores against DS2's ratings, {rated['n']:,} members; 95 % bootstrap intervals.")


def draw_contamination(study: Study, found: dict[str, Any]) -> None:
    """Recall against false matches, one panel a test set, a mark a threshold."""
    from matplotlib import pyplot

    colours = dict(zip(TITLES, (COLOURS["random"], COLOURS["ila_kmeans"], COLOURS["ila"]), strict=True))
    figure, axes = pyplot.subplots(1, len(found), figsize=(10, 3.6), sharey=True)
    for axis, (name, part) in zip(axes, found.items(), strict=True):
        for way, curve in part["curves"].items():
            at = np.array(curve)
            axis.plot(at[:, 2], at[:, 1], marker="o", markersize=3.5, linewidth=1.2, color=colours[way], label=TITLES[way])
            for threshold, recall, false in curve:
                axis.annotate(f"{threshold:g}", (false, recall), xytext=(3, -7), textcoords="offset points", fontsize=6, color=colours[way])
        axis.set_title(f"{name}, {part['n']:,} rephrased")
        axis.set_xlabel("share with a false match")
    axes[0].set_ylabel("recall of rephrased items")
    axes[-1].legend(loc="lower right")
    caption = "Rephrased test items found, at the thresholds written beside the marks; every item, so no spread."
    study.picture(figure, suffix="-contamination", caption=caption)


if __name__ == "__main__":
    main()
