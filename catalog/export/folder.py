"""A folder for a trainer: the data, and beside it what tells the trainer how to read them."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from catalog.errors import OptionError
from catalog.export.axolotl import config
from catalog.export.dataset_info import INFO, check_entry, dataset_info, training
from catalog.export.survey import Survey
from catalog.export.write import Work
from catalog.store.atomic import new_file, new_folder, opened

Note = tuple[Path, Callable[[Survey], str], bool]
"""A file beside the data, its text, and whether other data sets stand in it too."""


def write_folder(
    work: Work, folder: Path, *, name: str, reference: str | None, overwrite: bool
) -> tuple[Path, ...]:
    """Write the data and what stands beside them; the files, the data first.

    Raises:
        OptionError: the name cannot be a data set's, or nothing can be written there.
        LossyExportError: the format cannot hold some instructions.
    """
    if not re.fullmatch(r"[\w+@-][\w.+@-]*", name):
        raise OptionError(
            f"{name!r} cannot name a data set: use letters, digits and _ . - + @, no full stop first"
        )
    data = folder / f"{name}.jsonl"
    notes = _notes(work, folder, name=name, reference=reference)
    for path, _, is_shared in notes:
        if not is_shared and not overwrite and path.exists():
            raise OptionError(
                f"{path} exists: give these data another name with --name, or add --overwrite"
            )
    with ExitStack() as stack:
        stack.enter_context(new_folder(folder))
        if work.tally.format == "llamafactory":
            check_entry(folder, name=name, overwrite=overwrite)
        # What is entered last takes its place first: no entry ever names a file that is not there.
        files = [
            stack.enter_context(
                opened(stack.enter_context(new_file(path, overwrite=overwrite or is_shared)))
            )
            for path, _, is_shared in notes
        ]
        data_file = stack.enter_context(
            opened(stack.enter_context(new_file(data, overwrite=overwrite)))
        )
        survey = work.survey()
        work.write_lines(data_file, survey)
        for file, (_, text, _) in zip(files, notes, strict=True):
            file.write(text(survey).encode())
    return (data, *(path for path, _, _ in notes))


def _notes(work: Work, folder: Path, *, name: str, reference: str | None) -> list[Note]:
    if work.tally.format == "axolotl":
        return [
            (
                folder / f"{name}.yaml",
                lambda survey: config(folder / f"{name}.jsonl", reference=reference, survey=survey),
                False,
            )
        ]
    notes: list[Note] = [
        (folder / INFO, lambda survey: dataset_info(folder, name=name, survey=survey), True)
    ]
    if work.order_matters:
        notes.append(
            (
                folder / f"{name}.yaml",
                lambda _: training(folder, name=name, reference=reference),
                False,
            )
        )
    return notes
