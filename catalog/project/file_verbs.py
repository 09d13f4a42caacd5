"""Verbs of project files, and of keeping a catalog up to date; each method is one delegation."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.argument_types import check_methods
from catalog.query.default_limits import SELECTION_MEMORY
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.project.build import Watch
    from catalog.project.built import Build, Built
    from catalog.project.data_tests import DataTests
    from catalog.project.plan import Plan
    from catalog.project.status import Status


@check_methods
class ProjectVerbs:
    """Verbs of project files, and of keeping a catalog up to date."""

    def __init__(self, store: Store, call: Callable[..., Any], catalog: Any) -> None:
        self._store = store
        self._call = call
        self._catalog = catalog

    def status(self) -> Status:
        """Return what is behind in the catalog; see `catalog.project.status.status`."""
        from catalog.project.status import status

        return status(self._store)

    def plan(
        self,
        file: str | os.PathLike[str] | None = None,
        *,
        names: Sequence[str] = (),
        memory: str | None = SELECTION_MEMORY,
    ) -> Plan:
        """Compare a project file with the catalog; see `catalog.project.plan.plan`."""
        from catalog.project.plan import plan
        from catalog.query.executor import Limits

        planned: Plan = self._call(
            plan, _path(file), names=tuple(names), limits=Limits(memory=memory)
        )
        return planned

    def build(
        self,
        file: str | os.PathLike[str] | None = None,
        *,
        names: Sequence[str] = (),
        locked: bool = False,
        memory: str | None = SELECTION_MEMORY,
        seconds: float | None = None,
        watch: Watch | None = None,
        report: Callable[[Built], None] | None = None,
    ) -> Build:
        """Make what a project file describes; see `catalog.project.build.build`."""
        from catalog.project.stamp import stamped

        current = stamped(self._store, _path(file))
        if current is not None:
            return current
        from catalog.project.build import build
        from catalog.query.executor import Limits

        limits = Limits(memory=memory, seconds=seconds)
        options: dict[str, Any] = {"names": names, "watch": watch, "report": report}
        options |= {"is_locked": locked}
        return build(self._catalog, self._call, _path(file), limits=limits, **options)

    def comment(self, build: Build, *, memory: str | None = SELECTION_MEMORY) -> str:
        """Return what a build changed, as Markdown; see `catalog.project.comment.comment`."""
        from catalog.project.comment import comment
        from catalog.query.executor import Limits

        text: str = self._call(comment, build, limits=Limits(memory=memory))
        return text

    def test(
        self,
        file: str | os.PathLike[str] | None = None,
        *,
        names: Sequence[str] = (),
        memory: str | None = SELECTION_MEMORY,
        seconds: float | None = None,
    ) -> DataTests:
        """Run the tests of a project file; see `catalog.project.data_tests.run_data_tests`."""
        from catalog.project.data_tests import run_data_tests
        from catalog.query.executor import Limits

        limits = Limits(memory=memory, seconds=seconds)
        tests: DataTests = self._call(
            run_data_tests, _path(file), names=tuple(names), limits=limits
        )
        return tests


def _path(file: str | os.PathLike[str] | None) -> Path | None:
    return None if file is None else Path(file)
