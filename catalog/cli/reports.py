"""Reports of computations, as commands print them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from catalog.cli.output import echo_json, echo_text, say, speed
from catalog.messages import quantity

if TYPE_CHECKING:
    from catalog.compute.shard_runner import ComputeReport


def echo_report(report: ComputeReport, *, is_json: bool) -> None:
    """Print what a run computed, what has no value, and what the rest would cost."""
    if is_json:
        echo_json(report_record(report))
        return
    echo_text(f"{report.signal.kind} {report.signal.name}: {_computed(report)}")
    for note in report.notes:
        say(f"  {note}")
    if report.n_truncated:
        say(
            f"  {quantity(report.n_truncated, 'text was', 'texts were')} truncated: longer than "
            "the model reads"
        )
    say_reasons(report.reasons)
    if report.n_left and report.n_computed:
        minutes = report.n_left * _seconds(report) / report.n_computed / 60
        say(f"  {report.n_left:,} left: about {minutes:,.1f} minutes at this rate")


def _seconds(report: ComputeReport) -> float:
    """Return the seconds that a run computed, without those in which it loaded the model."""
    return report.seconds - report.seconds_loading


def _computed(report: ComputeReport) -> str:
    if report.n_left and not report.n_computed:
        return f"nothing computed: {quantity(report.n_left, 'member')} left"
    if not report.n_computed:
        return f"nothing to compute: {quantity(report.n_before, 'member has', 'members have')} it"
    counts = {"instructions": report.n_computed, "tokens": report.n_tokens}
    speeds = [speed(n, _seconds(report), noun) for noun, n in counts.items() if n]
    return (
        f"{report.n_computed:,} computed in {report.seconds:.1f} s ({', '.join(speeds)}), "
        f"{report.n_before:,} there before"
    )


def say_reasons(reasons: Mapping[str, int], *, what: str = "value") -> None:
    """Print how many members have no value, by reason."""
    if reasons:
        counts = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())
        say(f"  without a {what}: {counts}")


def report_record(report: ComputeReport) -> dict[str, Any]:
    """Return a run as ``--json`` prints it."""
    signal = report.signal
    counts = (
        *("n_members", "n_before", "n_computed", "n_tokens", "n_truncated", "n_left"),
        *("reasons", "seconds", "seconds_loading"),
    )
    record = {
        "signal": signal.name,
        "kind": signal.kind,
        "identity": signal.identity_sha256,
        "details": signal.details,
        "notes": report.notes,
    }
    return record | {key: getattr(report, key) for key in counts}
