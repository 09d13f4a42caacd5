"""Make the landscape of the README: four selections of Alpaca beside random draws of their size.

Run: python docs/generate/landscape.py [--home FOLDER] [--data FOLDER]

The pool is Stanford Alpaca with the ratings of DS2, from the folder of published data that the
tests read. What the catalog at ``--home`` has of it is used; embeddings and a t-SNE map from
nothing take about 40 minutes of processor, the rest 5.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from catalog import Catalog
from catalog.report.comparison import draw_comparison
from catalog.report.regions import landscape_regions

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CATALOG_TEST_DATA", ROOT.parent / "shared" / "data"))
N_COLOURS = 64
SELECTORS = {
    "deita": {"score": "overall"},
    "ds2": {"score": "overall"},
    "density": {},
    "k_center": {},
}


def prepared(home: Path, data: Path) -> Catalog:
    """Return a catalog of Alpaca with embeddings, ratings, a map, and the four subsets."""
    catalog = Catalog.open(home, isolated=False)
    if "alpaca" not in set(catalog.pools()["name"] if home.exists() else ()):
        catalog.register(data / "alpaca52k" / "alpaca_data.json", pool="alpaca")
        ratings = data / "alpaca52k" / "ds2_ratings.jsonl.gz"
        catalog.import_scores("alpaca", ratings, name="overall", column="gpt4omini.overall")
    catalog.embed("alpaca")
    catalog.map("alpaca")
    subsets = set(catalog.subsets()["name"])
    for name, settings in SELECTORS.items():
        if name not in subsets:
            catalog.select(name, "alpaca", budget="5%", name=name, settings=settings)
    return catalog


def main(home: Path, data: Path) -> None:
    """Make the picture, with few colours so that it stays small."""
    from PIL import Image

    catalog = prepared(home, data)
    comparison = catalog.compare(*SELECTORS, scores=["overall"])
    path = ROOT / "docs" / "landscape.png"
    draw_comparison(comparison, path, regions=landscape_regions(catalog.store, comparison))
    Image.open(path).convert("RGB").quantize(N_COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path(".catalog-alpaca"))
    parser.add_argument("--data", type=Path, default=DATA)
    given = parser.parse_args()
    main(given.home, given.data)
