"""The columns that a kernel is given and nothing reads: they are carried through for nothing."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.query.finding import Finding
from catalog.query.option_texts import option_texts
from catalog.query.plan import Apply, Plan
from catalog.query.scopes import KEYS
from catalog.query.stubs import Stubs

N_SHOWN = 5


def unread_columns(plan: Plan, stubs: Stubs) -> Iterator[Finding]:
    """Yield a finding for each kernel whose relation has columns that nothing reads.

    Kernels that do not declare what they read are left out.

    Args:
        plan: over stubs.
        stubs: of the plan's sources and kernels.
    """
    surplus = {step.table: (step, _surplus(step, stubs)) for step in plan.kernels}
    surplus = {table: pair for table, pair in surplus.items() if pair[1]}
    if not surplus:
        return
    read = stubs.reads(plan.texts)
    for table, (step, columns) in surplus.items():
        unread = [name for name in columns if name not in read.get(table, ())]
        if unread:
            names = ", ".join(unread[:N_SHOWN]) + (", ..." if len(unread) > N_SHOWN else "")
            yield Finding(
                "columns",
                step.location,
                f"{step.name} is given columns that nothing reads: {names}",
                "name the columns that it needs in its SELECT",
            )


def _surplus(step: Apply, stubs: Stubs) -> list[str]:
    """Return the columns of a kernel's first relation that the kernel does not read."""
    if step.kernel.reads is None or not step.relations:
        return []
    given = stubs.columns(next(iter(step.relations.values())))
    named = KEYS | option_texts(step, stubs.given)
    return [name for name, type_ in given.items() if not step.kernel.is_read(name, type_, named)]
