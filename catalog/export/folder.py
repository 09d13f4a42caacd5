"""Write a trainer's folder: the data, and the files from which the trainer reads its layout."""

from __future__ import annotations

import re
from contextlib import ExitStack

from catalog.errors import OptionError
from catalog.export.registry import FolderTarget, SideFile
from catalog.export.write import Work
from catalog.store.atomic import new_file, new_folder, opened

_NAME = re.compile(r"[\w+@-][\w.+@-]*")


def write_folder(work: Work, target: FolderTarget) -> tuple[SideFile, ...]:
    """Write the data and the side files, and return the side files.

    Raises:
        OptionError: the name cannot name a data set, or nothing can be written there.
        LossyExportError: the format cannot hold some instructions.
    """
    if not _NAME.fullmatch(target.name):
        raise OptionError(
            f"{target.name!r} cannot name a data set: use letters, digits, '_', '.', '-', '+' and "
            "'@', starting with another character than '.'"
        )
    side_files = work.exporter.side_files(target) if work.exporter.side_files else []
    for path, _, is_shared in side_files:
        if not is_shared and not target.overwrite and path.exists():
            raise OptionError(
                f"{path} exists: choose another name for the data, or allow overwriting"
            )
    with ExitStack() as stack:
        stack.enter_context(new_folder(target.folder))
        # The file entered last takes its place first, so no entry ever names a missing file.
        files = []
        for path, _, is_shared in side_files:
            new = new_file(path, overwrite=target.overwrite or is_shared)
            files.append(stack.enter_context(opened(stack.enter_context(new))))
        new = new_file(target.data, overwrite=target.overwrite)
        data = stack.enter_context(opened(stack.enter_context(new)))
        survey = work.survey()
        work.write_lines(data, survey)
        for file, side_file in zip(files, side_files, strict=True):
            file.write(side_file.text(survey).encode())
    return tuple(side_files)
