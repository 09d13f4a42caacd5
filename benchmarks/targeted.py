"""How much of a target's kind does each targeted selector find in a mixed pool?

Run: python benchmarks/targeted.py [--rows N] [--methods NAME...] [--json FILE]

One pool of Alpaca, CodeAlpaca, GPTeacher and GSM8K's train part; a sample of its rows; 200 test
problems of GSM8K are the target. The number is the share of GSM8K in the selected 10 %, with a 95 %
interval (Wilson); `met` says that it is at least five times that of the sample. The data lie
in ../shared/data or CATALOG_TEST_DATA.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pairs import DATA, arguments, report

from catalog import Catalog

FILES = {
    "alpaca": "alpaca52k/alpaca_data.json",
    "codealpaca": "codealpaca/new_codealpaca.json",
    "gpteacher": "gpteacher/toolformer-dedupe-only-dataset.json",
    "gsm8k": "gsm8k/train.jsonl",
}
TARGET, N_TARGET, BUDGET, Z = "gsm8k_dev", 200, "10%", 1.959964
TIMES = 5  # the sample's share
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
    interval = f"{middle - half:.3f} to {middle + half:.3f}"
    return {"members": n, "of_gsm8k": k, "share": round(k / n, 4), "interval_95": interval}


def measured(catalog: Catalog, method: str) -> dict[str, Any]:
    """Select 10 % of the sample, and return the share of GSM8K and the processor time."""
    started = time.process_time()
    selector, settings = METHODS[method]
    name = f"by_{list(METHODS).index(method)}"
    catalog.select(selector, "sample", budget=BUDGET, name=name, settings=settings)
    seconds = time.process_time() - started
    what = f"{method}: {BUDGET} of the sample for {N_TARGET} test problems of GSM8K"
    return {"what": what, "seconds": seconds} | share(catalog, name)


def main() -> int:
    """Select by each method, and report the shares."""
    names = list(METHODS)
    options = arguments(
        __doc__ or "",
        rows={"type": int, "default": 10_000, "help": "rows of the sample"},
        methods={"nargs": "+", "choices": names, "default": names, "help": "methods to measure"},
    )
    with tempfile.TemporaryDirectory() as folder:
        catalog = filled(Path(folder), options.rows, options.methods)
        results = [measured(catalog, method) for method in options.methods]
        expected = share(catalog, "sample")["share"]
    for method, result in zip(options.methods, results, strict=True):
        result["times_sample"] = round(result["share"] / expected, 1)
        result["is_met"] = method == "random" or result["times_sample"] >= TIMES
    return report(results, options.json)


if __name__ == "__main__":
    sys.exit(main())
