"""Make ``docs/results/README.md`` from the results of the benchmarks and the studies.

It also updates the README's table of ratios and its count of verdicts, and the hours and dollars of
one billion members.

Run: python studies/page.py [--results FOLDER]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from one_billion import MARKS as HOURS
from one_billion import hours_and_dollars
from result_names import BENCHMARKS, STUDIES, with_sizes

ROOT = Path(__file__).resolve().parent.parent

MARKS = ("<!-- ratios: made by studies/page.py -->", "<!-- end of ratios -->")
LEFT_OUT = ("methods", "pretrained", "two_round", "start", "engine", "losses_train")
"""Beginnings of the names of results that the README leaves out."""

SHOWN = (
    "what",
    "peer",
    "ours_seconds",
    "theirs_seconds",
    "ratio",
    "bar",
    "seconds",
    "peak_gib",
    "is_met",
)

HEAD = (
    "# Results\n\n"
    "What the catalog's methods do, beside what their papers say, and how fast they are, beside "
    "what would be used instead. Everything here is\n"
    "made by `make benchmarks` and `make studies`; nothing is typed in. Negative results stay. "
    "Two studies run at a time, on a thread each, so\n"
    "that the minutes of one are more than it takes alone on two.\n"
)


def page(results: Path) -> str:
    """Return the page of every result in the folder."""
    benchmarks = {name: _measured(results, name) for name in with_sizes()}
    studies = [_read(results / f"{name}.json") for name in STUDIES]
    parts = [
        HEAD,
        *_claims([study for study in studies if study]),
        *_ratios([result for measured in benchmarks.values() for result in measured]),
    ]
    parts += [part for study in studies if study for part in _study(study)]
    missing = [name for name, measured in benchmarks.items() if not measured]
    missing += [name for name, study in zip(STUDIES, studies, strict=True) if not study]
    if missing:
        parts.append(f"## Not run yet\n\n{', '.join(f'`{name}`' for name in missing)}\n")
    return "\n".join(parts)


def ratios(results: Path) -> str:
    """Return the README's table of ratios: the first row of every benchmark that has a peer.

    The table has a column for each processor. One row of `methods` or of `pretrained` would say
    nothing of the others; the peer of the rest that are left out is our own code.
    """
    rows = []
    for name in BENCHMARKS:
        if name.startswith(LEFT_OUT):
            continue
        line: dict[str, Any] = {}
        for result in _measured(results, name):
            for row in [row for row in result["rows"] if "ratio" in row][:1]:
                what = f"[{name}](benchmarks/{name}.py): {row['what']}"
                line = {"what": what, "against": row["peer"]} | line
                ratio = _ratio(row)
                if what != line["what"]:  # another variant, such as another precision
                    ratio += f", {row['what'].rpartition(', ')[2]}"
                line[f"times as fast on {_short(result['machine'])}"] = ratio
        rows += [line] if line else []
    return _table(rows)


def verdicts(results: Path) -> str:
    """Return a sentence for the README: how many claims hold, hold in part and do not hold."""
    studies = [_read(results / f"{name}.json") for name in STUDIES]
    reached = [claim["verdict"] for study in studies if study for claim in study["claims"]]
    if not reached:
        return ""
    counts = [reached.count(verdict) for verdict in ("holds", "holds in part", "does not hold")]
    link = f"[{len(reached)} claims](docs/results/README.md#claims-at-a-glance)"
    return (
        f"\nWe tested {link}, the papers' and our own, on two cores with tiny models:\n"
        f"{counts[0]} hold, {counts[1]} hold in part and {counts[2]} do not hold.\n"
    )


def with_ratios(readme: str, results: Path) -> str:
    """Return the README with a new table of ratios and count of verdicts between the two marks."""
    return _between(readme, MARKS, ratios(results) + verdicts(results))


def with_hours(text: str, results: Path) -> str:
    """Return the page on one billion members with new hours and dollars between the two marks."""
    return _between(text, HOURS, hours_and_dollars(results))


def _between(text: str, marks: tuple[str, str], made: str) -> str:
    before, rest = text.split(marks[0])
    return f"{before}{marks[0]}\n{made}{marks[1]}{rest.split(marks[1])[1]}"


def _claims(studies: list[dict[str, Any]]) -> list[str]:
    rows = [
        {
            "study": f"[{study['name']}](#{study['name']})",
            "claim": claim["claim"],
            "verdict": f"**{claim['verdict']}**",
        }
        for study in studies
        for claim in study["claims"]
    ]
    return ["## Claims at a glance\n", _table(rows)] if rows else []


def _ratios(benchmarks: list[dict[str, Any]]) -> list[str]:
    parts = [
        "## Speed\n",
        "Both sides in one run, on the same input, in turn; `ratio` is their time over ours, the "
        "median of the pairs with the least and",
        "the greatest. `bar` is what was asked for; `met` also says that the answers are as "
        "good. What was measured on another processor,",
        "with the code of that time, stands below it, as `elsewhere`.\n",
    ]
    machines = list(dict.fromkeys(_machine(benchmark["machine"]) for benchmark in benchmarks))
    if len(machines) == 1:
        parts.append(f"All on one machine: {machines[0]}\n")
    for benchmark in benchmarks:
        where = f", {_machine(benchmark['machine'])}" if len(machines) > 1 else ""
        heading = [] if benchmark["is_elsewhere"] else [f"### {benchmark['name']}\n"]
        heading_text = "Elsewhere:" if benchmark["is_elsewhere"] else benchmark["title"]
        parts += [
            *heading,
            f"{heading_text} `{benchmark['command']}`{where}\n",
            _table([_benchmark(row) for row in benchmark["rows"]]),
        ]
    return parts if benchmarks else []


def _benchmark(row: dict[str, Any]) -> dict[str, str]:
    """Return one line of figures: the usual columns, then the benchmark's others."""
    line = {"what": row["what"]}
    if "ratio" in row:
        line |= {
            "peer": row["peer"],
            "ours": f"{row['ours_seconds']:.3g} s",
            "theirs": f"{row['theirs_seconds']:.3g} s",
        }
        line |= {"ratio": _ratio(row), "bar": f"{row['bar']:g}" if "bar" in row else ""}
    else:
        line |= {
            "seconds": f"{row['seconds']:.4g}",
            "bar": f"{row.get('bar_seconds', 0):g} s" if "bar_seconds" in row else "",
        }
        line |= {"memory": f"{row['peak_gib']:.2f} GiB" if "peak_gib" in row else ""}
    others = {
        name: value
        for name, value in row.items()
        if name not in SHOWN and not name.startswith(("ratio_least", "ratio_great", "bar"))
    }
    line["also"] = "; ".join(
        f"{name.replace('_', ' ')} {_figure(value)}" for name, value in others.items()
    )
    line["met"] = "yes" if row["is_met"] else "**no**"
    return line


def _study(study: dict[str, Any]) -> list[str]:
    parts = [f"## {study['name']}\n", f"{study['title']}\n", f"{study['question']}\n"]
    parts += [
        f"![{figure['caption']}]({figure['file']})\n\n*{figure['caption']}*\n"
        for figure in study["figures"]
    ]
    wanted = ("claim", "paper", "measured", "verdict", "why")
    parts += [_table([{name: claim[name] for name in wanted} for claim in study["claims"]])]
    for table in study["tables"]:
        parts += [f"**{table['title']}**\n", _table(table["rows"])]
    parts += ["How:\n", *[f"- {line}" for line in study["protocol"]]]
    cost = f"{study['seeds']} seed{'s' * (study['seeds'] > 1)}, {study['seconds'] / 60:.1f} minutes"
    parts.append(
        f"\nNeeds {study['needs']}. `{study['command']}`: {cost}, {_machine(study['machine'])}\n"
    )
    return parts


def _short(machine: dict[str, Any]) -> str:
    """Return a processor's short name.

    >>> _short({"processor": "Intel(R) Xeon(R) Processor"})
    'Intel Xeon'
    """
    name = str(machine["processor"])
    for part in ("(R)", "(TM)", " Processor"):
        name = name.replace(part, "")
    return name.strip()


def _machine(machine: dict[str, Any]) -> str:
    cores = machine.get("n_cpus", machine.get("cores"))
    packages = ", ".join(
        f"{name} {number}" for name, number in (machine.get("packages") or {}).items()
    )
    return (
        f"{machine['processor']}, {cores} cores, Python "
        f"{machine['python']}{', ' if packages else ''}{packages}."
    )


def _ratio(row: dict[str, Any]) -> str:
    return f"{row['ratio']:.1f} ({row['ratio_least']:.1f} to {row['ratio_greatest']:.1f})"


def _figure(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _table(rows: list[dict[str, Any]]) -> str:
    """Return rows as a Markdown table; columns are those of any row, in order of appearance."""
    if not rows:
        return ""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [
        names,
        ["---"] * len(names),
        *[[_figure(row.get(name, "")).replace("|", "\\|") for name in names] for row in rows],
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _measured(results: Path, name: str) -> list[dict[str, Any]]:
    """Return a benchmark's last result, and the result that is kept of another processor.

    The kept result was measured with the code of its time.
    """
    last, kept = (
        _read(results / "benchmarks" / place / f"{name}.json") for place in ("", "elsewhere")
    )
    if last and kept and _short(last["machine"]) == _short(kept["machine"]):
        kept = None
    return [result | {"is_elsewhere": result is kept} for result in (last, kept) if result]


def _read(path: Path) -> dict[str, Any] | None:
    """Read a result, if it exists, under its file's name: one script writes several."""
    if not path.exists():
        return None
    return {**json.loads(path.read_text(encoding="utf-8")), "name": path.stem}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--results", type=Path, default=ROOT / "docs" / "results", help="folder of the results"
    )
    results = parser.parse_args().results
    (results / "README.md").write_text(page(results), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(with_ratios(readme.read_text(encoding="utf-8"), results), encoding="utf-8")
    billion = ROOT / "docs" / "architecture" / "one-billion.md"
    billion.write_text(with_hours(billion.read_text(encoding="utf-8"), results), encoding="utf-8")


if __name__ == "__main__":
    main()
