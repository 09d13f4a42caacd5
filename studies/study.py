"""Common parts of the studies: options, runs that resume, and results under ``docs/results``.

A study writes ``NAME.json`` (question, protocol, claims, tables, machine) and ``NAME*.svg``;
``page.py`` makes the results page. Each run of a study is a line in ``WORK/NAME.jsonl`` as soon
as it is done, so that an interrupted study continues with the next run.
"""

# ruff: noqa: T201 -- printing is the purpose of a study
from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from machine import machine

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T")
VERDICTS = ("holds", "holds in part", "does not hold")

# One colour for each method, the same in every figure; grey is the baseline.
COLOURS = {
    "random": "#8a9099",
    "s2l": "#1f5fa8",
    "s2l_by_source": "#5fa3d9",
    "fisher_sft": "#c0392b",
    "ila": "#1e8449",
    "ila_kmeans": "#7dcea0",
    "coverage_only": "#b7950b",
    "depth_only": "#7d3c98",
    "deita": "#d35400",
    "density": "#16a085",
    "sensitivity": "#2c3e50",
    "facility_location": "#a569bd",
    "least_confidence": "#e59866",
    "middle_perplexity": "#cd6155",
    "high_learnability": "#45b39d",
}


@dataclass(frozen=True)
class Claim:
    """Claim of a paper, and what the study measured.

    Attributes:
        claim: the claim, in a sentence.
        paper: the paper's number or statement, and its place in the paper.
        measured: our number, with its spread.
        verdict: one of :data:`VERDICTS`.
        why: the explanation or the limit of the verdict.
    """

    claim: str
    paper: str
    measured: str
    verdict: str
    why: str

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"expected a verdict of {VERDICTS}, got {self.verdict!r}")


@dataclass(frozen=True)
class Table:
    """Rows of figures under a title; every row has the same keys, the column titles."""

    title: str
    rows: list[dict[str, Any]]


@dataclass
class Study:
    """Study in progress: its folders, and its figures so far.

    Attributes:
        name: the script's name, and that of everything it writes.
        title: the topic, in a line.
        is_smoke: whether this is a smoke run: a few runs on tiny data.
        seeds: the number of seeds.
        data: the folder of real instruction data.
        work: the folder of what interrupted runs keep: catalogs and models.
        results: the folder of the results.
        switches: the study's own options that were given.
    """

    name: str
    title: str
    is_smoke: bool
    seeds: int
    data: Path
    work: Path
    results: Path
    switches: tuple[str, ...] = ()
    figures: list[dict[str, str]] = field(default_factory=list)

    def sized(self, full: T, *, smoke: T) -> T:
        """Return the value of the full study, or that of a smoke run."""
        return smoke if self.is_smoke else full

    def run(self, key: dict[str, Any], function: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return the result of one run, from its line if it was done before; add ``seconds``."""
        path = self.work / f"{self.name}.jsonl"
        key = json.loads(json.dumps(key))  # JSON turns tuples into lists
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            done = json.loads(line)
            if done["key"] == key:
                return dict(done["result"])
        start = time.perf_counter()
        result = function()
        seconds = round(time.perf_counter() - start, 2)
        result = json.loads(json.dumps({**result, "seconds": seconds}))
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "result": result}) + "\n")
        label = " ".join(f"{name}={value}" for name, value in key.items())
        print(f"{self.name}: {label} → {_short(result)}", file=sys.stderr, flush=True)
        return dict(result)

    def picture(self, figure: Any, *, caption: str, suffix: str = "") -> None:
        """Save a figure as SVG; its caption states the number of seeds and the kind of spread."""
        file = f"{self.name}{suffix}.svg"
        figure.savefig(self.results / file, metadata={"Date": None})
        from matplotlib import pyplot

        pyplot.close(figure)
        self.figures.append({"file": file, "caption": caption})

    def conclude(
        self,
        *,
        question: str,
        protocol: Sequence[str],
        claims: Iterable[Claim],
        tables: Iterable[Table],
        needs: str,
        seconds: float,
    ) -> None:
        """Write the study's findings.

        Args:
            question: the question, in one or two sentences.
            protocol: data, models and their training, budgets, steps and seeds, a line each.
            claims: our claims beside the paper's.
            tables: every number that the page shows.
            needs: the data that the study needs, and their sources.
            seconds: the time of all runs.
        """
        options = ["smoke"] * self.is_smoke + [*self.switches]
        command = [f"python studies/{self.name}.py --seeds {self.seeds}"]
        command += [f"--{option}" for option in options]
        findings = {
            "name": self.name,
            "title": self.title,
            "question": question,
            "protocol": list(protocol),
            "claims": [asdict(claim) for claim in claims],
            "tables": [asdict(table) for table in tables],
            "figures": self.figures,
            "needs": needs,
            "command": " ".join(command),
            "seeds": self.seeds,
            "seconds": round(seconds),
            "machine": machine(),
        }
        (self.results / f"{self.name}.json").write_text(
            json.dumps(findings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        for claim in findings["claims"]:
            print(f"{claim['verdict']}: {claim['claim']} — {claim['measured']}")


def begin(file: str, title: str, *, seeds: int, switches: Mapping[str, str] | None = None) -> Study:
    """Parse a study's command line.

    The options are ``--smoke``, ``--seeds N`` and the folders ``--work``, ``--results``,
    ``--data``.

    Args:
        file: the study's ``__file__``.
        title: the topic, in a line.
        seeds: the default number of seeds; one in a smoke run.
        switches: the study's own on/off options, each with its help.
    """
    name = Path(file).stem
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--smoke", action="store_true", help="a few runs on tiny data, as a check")
    parser.add_argument("--seeds", type=int, help=f"number of seeds (default: {seeds})")
    parser.add_argument(
        "--work",
        type=Path,
        default=ROOT / ".studies",
        help="folder of catalogs, models and finished runs",
    )
    parser.add_argument(
        "--results", type=Path, default=ROOT / "docs" / "results", help="folder of the results"
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get("CATALOG_TEST_DATA", ROOT.parent / "shared" / "data")),
        help="folder of real instruction data",
    )
    for switch, meaning in (switches or {}).items():
        parser.add_argument(f"--{switch}", action="store_true", help=meaning)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    options.results.mkdir(parents=True, exist_ok=True)
    _style()
    on = tuple(switch for switch in switches or {} if getattr(options, switch))
    return Study(
        name,
        title,
        options.smoke,
        options.seeds or (1 if options.smoke else seeds),
        options.data,
        options.work,
        options.results,
        on,
    )


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Return the mean of some values with the least and the greatest, as the tables write it."""
    mean = sum(values) / len(values)
    if len(values) == 1:
        return f"{mean:.{digits}f}"
    return f"{mean:.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def interval(estimate: Sequence[float], digits: int = 2) -> str:
    """Return an estimate with both ends of its interval, as the tables write it."""
    return f"{estimate[0]:.{digits}f} [{estimate[1]:.{digits}f}, {estimate[2]:.{digits}f}]"


def verdict(*, holds: bool, in_part: bool) -> str:
    """Return the verdict of a claim from its two conditions.

    >>> verdict(holds=False, in_part=True)
    'holds in part'
    """
    if holds:
        return "holds"
    return "holds in part" if in_part else "does not hold"


def joint_verdict(parts: Sequence[bool]) -> str:
    """Return the verdict of a claim of several parts: all must hold, or some for "in part"."""
    return verdict(holds=all(parts), in_part=any(parts))


def _style() -> None:
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcParams.update(
        {
            "svg.hashsalt": "catalog",  # equal pictures are equal files
            "figure.constrained_layout.use": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 10,
            "axes.labelsize": 9,
            "legend.fontsize": 8,
            "legend.frameon": False,
            "xtick.labelsize": 8,
            "ytick.labelsize": 8,
        }
    )


def _short(result: dict[str, Any]) -> str:
    return " ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={str(value)[:40]}"
        for name, value in result.items()
    )
