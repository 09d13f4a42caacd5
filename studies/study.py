"""What every study shares: its options, runs that resume one by one, and what it leaves under ``docs/results``.

A study writes ``NAME.json`` (question, protocol, claims, tables, machine) and ``NAME*.svg``;
``page.py`` makes the page of them all. Each run of a study is a line in ``WORK/NAME.jsonl`` as soon
as it is done, so that a study that was interrupted goes on with the next run.
"""

# ruff: noqa: T201 -- what it prints is what it is for
from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VERDICTS = ("holds", "holds in part", "does not hold")
PACKAGES = (
    "duckdb",
    "pylance",
    "torch",
    "transformers",
    "sentence-transformers",
    "scikit-learn",
    "numpy",
    "polars",
)

# One colour a method, the same in every figure; grey is the yardstick.
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
    """What a paper says, and what was seen here.

    Attributes:
        claim: the claim, in a sentence.
        paper: the paper's number or statement, and where it stands.
        measured: ours, with its spread.
        verdict: one of :data:`VERDICTS`.
        why: what explains it, or what limits it.
    """

    claim: str
    paper: str
    measured: str
    verdict: str
    why: str

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"{self.verdict!r} is no verdict; one of {VERDICTS}")


@dataclass(frozen=True)
class Table:
    """Rows of figures under a title; every row has the same keys, the column titles."""

    title: str
    rows: list[dict[str, Any]]


@dataclass
class Study:
    """One study: where it works, and what it has found so far.

    Attributes:
        name: the file's name, and that of everything it writes.
        title: what it is about, in a line.
        is_smoke: a few runs on next to nothing, to see that it works.
        seeds: how many.
        data: the folder of real instruction data.
        work: what is kept between interrupted runs; a catalog home, models.
        results: where its page goes.
        switches: options of its own that were given.
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

    def run(self, key: dict[str, Any], function: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The result of one run, from its line where it was done before; ``seconds`` is added to it."""
        path = self.work / f"{self.name}.jsonl"
        key = json.loads(json.dumps(key))  # as it is read back: a tuple has become a list
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            done = json.loads(line)
            if done["key"] == key:
                return dict(done["result"])
        start = time.perf_counter()
        result = function()
        result = json.loads(
            json.dumps({**result, "seconds": round(time.perf_counter() - start, 2)})
        )
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "result": result}) + "\n")
        print(
            f"{self.name}:",
            " ".join(f"{name}={value}" for name, value in key.items()),
            "→",
            _short(result),
            file=sys.stderr,
            flush=True,
        )
        return dict(result)

    def picture(self, figure: Any, *, caption: str, suffix: str = "") -> None:
        """Keep a figure as SVG beside the page; its caption says the number of seeds and what the spread is."""
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
            question: what it asks, in one or two sentences.
            protocol: how, a line each: data, models and what they were trained on, budgets, steps, seeds.
            claims: beside the paper's.
            tables: every number that the page shows.
            needs: data that it needs, and where to get it.
            seconds: of all its runs.
        """
        given = [*(["smoke"] if self.is_smoke else []), *self.switches]
        found = {
            "name": self.name,
            "title": self.title,
            "question": question,
            "protocol": list(protocol),
            "claims": [asdict(claim) for claim in claims],
            "tables": [asdict(table) for table in tables],
            "figures": self.figures,
            "needs": needs,
            "command": " ".join(
                [
                    f"python studies/{self.name}.py --seeds {self.seeds}",
                    *(f"--{one}" for one in given),
                ]
            ),
            "seeds": self.seeds,
            "seconds": round(seconds),
            "machine": machine(),
        }
        (self.results / f"{self.name}.json").write_text(
            json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        for claim in found["claims"]:
            print(f"{claim['verdict']}: {claim['claim']} — {claim['measured']}")


def begin(file: str, title: str, *, seeds: int, switches: Mapping[str, str] | None = None) -> Study:
    """A study as its command line asks for it: ``[--smoke] [--seeds N] [--work FOLDER] [--results FOLDER] [--data FOLDER]``.

    Args:
        file: the study's ``__file__``.
        title: what it is about, in a line.
        seeds: the default number of seeds; one in a smoke run.
        switches: options of its own that are on or off, each with its help.
    """
    name = Path(file).stem
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument(
        "--smoke", action="store_true", help="a few runs on next to nothing, to see that it works"
    )
    parser.add_argument("--seeds", type=int, help=f"how many; {seeds} by default")
    parser.add_argument(
        "--work", type=Path, default=ROOT / ".studies", help="what is kept between interrupted runs"
    )
    parser.add_argument("--results", type=Path, default=ROOT / "docs" / "results")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get("CATALOG_TEST_DATA", ROOT.parent / "shared" / "data")),
    )
    for switch, meaning in (switches or {}).items():
        parser.add_argument(f"--{switch}", action="store_true", help=meaning)
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    asked.results.mkdir(parents=True, exist_ok=True)
    _style()
    on = tuple(switch for switch in switches or {} if getattr(asked, switch))
    return Study(
        name,
        title,
        asked.smoke,
        asked.seeds or (1 if asked.smoke else seeds),
        asked.data,
        asked.work,
        asked.results,
        on,
    )


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "system": platform.system(),
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def spread(values: Sequence[float], digits: int = 3) -> str:
    """The mean of some values with their least and greatest, as the tables write it."""
    mean = sum(values) / len(values)
    if len(values) == 1:
        return f"{mean:.{digits}f}"
    return f"{mean:.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def interval(found: Sequence[float], digits: int = 2) -> str:
    """An estimate with both ends of its interval, as the tables write it."""
    return f"{found[0]:.{digits}f} [{found[1]:.{digits}f}, {found[2]:.{digits}f}]"


def judged(won: Sequence[bool]) -> str:
    """The verdict where a claim has several parts: it holds where all do, in part where some do."""
    return VERDICTS[0 if all(won) else 1 if any(won) else 2]


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )


def _style() -> None:
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcParams.update(
        {
            "svg.hashsalt": "catalog",  # the same picture is the same file
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
