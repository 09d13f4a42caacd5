"""Measure how much of a target's kind each targeted selector finds in a mixed pool.

Run: python benchmarks/targeted.py [--rows N] [--methods NAME...] [--json FILE]

One pool of Alpaca, CodeAlpaca, GPTeacher and GSM8K's train part; a sample of its rows; 200 test
problems of GSM8K are the target. The number is the share of GSM8K in the selected 10 %, with a 95 %
interval (Wilson), beside that of `random`. The data lie in ../shared/data or CATALOG_TEST_DATA.
"""

from __future__ import annotations

# ruff: noqa: T201 -- printing is its purpose
import argparse
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from pairs import DATA

from catalog import Catalog

FILES = {
    "alpaca": "alpaca52k/alpaca_data.json",
    "codealpaca": "codealpaca/new_codealpaca.json",
    "gpteacher": "gpteacher/toolformer-dedupe-only-dataset.json",
    "gsm8k": "gsm8k/train.jsonl",
}
TARGET, N_TARGET, BUDGET, Z = "gsm8k_dev", 200, "10%", 1.959964
METHODS: dict[str, tuple[str, dict[str, str]]] = {
    "random": ("random", {}),
    "dsir": ("dsir", {"target": TARGET}),
    "dsir, min_words = 0": ("dsir", {"target": TARGET, "min_words": "0"}),
    "dsir, min_words = 0, normalize = length": (
        "dsir",
        {"target": TARGET, "min_words": "0", "normalize": "length"},
    ),
    "rds": ("rds", {"target": TARGET}),
    "tsds": ("tsds", {"target": TARGET}),
    "less": ("less", {"target": TARGET}),
}
GRADIENTS: dict[str, Any] = {"model": "tiny", "dim": 1024, "checkpoints": 2}


def filled(folder: Path, n_rows: int, methods: list[str]) -> Catalog:
    """Register the four files and the target, sample the pool, and compute what methods read."""
    catalog = Catalog.open(folder / "home", isolated=False)
    catalog.register([f"{name}={DATA / file}" for name, file in FILES.items()], pool="mixed")
    problems = (DATA / "gsm8k" / "test.jsonl").read_text().splitlines()
    target = folder / "target.jsonl"
    target.write_text("\n".join(random.Random(0).sample(problems, N_TARGET)) + "\n")
    catalog.register(target, pool=TARGET, purpose="eval")
    catalog.select("random", "mixed", budget=n_rows, name="sample")
    if not {"rds", "tsds"}.isdisjoint(methods):
        for reference in ("sample", TARGET):
            catalog.embed(reference)
    if "less" in methods:
        catalog.train_losses("sample", proxy="tiny", epochs=2, checkpoints=1)
        catalog.gradients("sample", **GRADIENTS)
        catalog.gradients(TARGET, target_of="sample", **GRADIENTS)
    return catalog


def share(catalog: Catalog, reference: str) -> dict[str, Any]:
    """Return the share of GSM8K in a pool or subset with its 95 % interval."""
    query = "SELECT count(*) FILTER (source = 'gsm8k') AS k, count(*) AS n FROM pool($reference)"
    ((k, n),) = catalog.sql(query, parameters={"reference": reference}).rows()
    middle = (k / n + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * (k / n * (1 - k / n) / n + Z**2 / (4 * n**2)) ** 0.5
    interval = [round(middle - half, 4), round(middle + half, 4)]
    return {"n_members": n, "n_gsm8k": k, "share": round(k / n, 4), "interval": interval}


def measured(catalog: Catalog, method: str) -> dict[str, Any]:
    """Select 10 % of the sample, and return the share of GSM8K and the processor time."""
    started = time.process_time()
    selector, settings = METHODS[method]
    name = f"by_{list(METHODS).index(method)}"
    catalog.select(selector, "sample", budget=BUDGET, name=name, settings=settings)
    seconds = round(time.process_time() - started, 1)
    return {"method": method, "processor_seconds": seconds} | share(catalog, name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000, help="Rows of the sample.")
    names = list(METHODS)
    parser.add_argument("--methods", nargs="+", choices=names, default=names, help="Methods.")
    parser.add_argument("--json", type=Path, help="File for the numbers.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        catalog = filled(Path(folder), options.rows, options.methods)
        results = [measured(catalog, method) for method in options.methods]
        report = {"target": f"{N_TARGET} of GSM8K test", "sample": share(catalog, "sample")}
        report |= {"budget": BUDGET, "results": results}
    for result in results:
        result["times_sample"] = round(result["share"] / report["sample"]["share"], 1)
        print(json.dumps(result))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
