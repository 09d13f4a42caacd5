from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from catalog.store.database import writing
from catalog.store.folders import Home

# 40 instructions in two sources; version 2 of the pool loses the first five and gains ten.
FILL = """
INSERT INTO pools VALUES (1, 'tiny', false, TIMESTAMP '2026-01-01');
INSERT INTO pool_versions
SELECT 1, version, TIMESTAMP '2026-01-01', 'replace', 30, 30, 30, 0, 0, 0, 0, 0, 0, '[]', '{}', 0.1 FROM (VALUES (1), (2)) AS v(version);
INSERT INTO instructions
SELECT
    i,
    sha256('instruction ' || i),
    [{'role': 'user', 'content': 'question ' || i, 'extra': NULL}, {'role': 'assistant', 'content': repeat('a', i % 7 + 1), 'extra': NULL}],
    CASE WHEN i % 10 = 0 THEN 'be brief' END,
    NULL
FROM range(40) AS t(i);
INSERT INTO pool_members
SELECT
    1, i, CASE WHEN i < 30 THEN 1 ELSE 2 END, CASE WHEN i < 5 THEN 2 END, i, CASE WHEN i % 3 = 0 THEN 'math' ELSE 'chat' END, NULL, NULL
FROM range(40) AS t(i);
INSERT INTO subsets VALUES (1, 'few', 1, TIMESTAMP '2026-01-02', 'random', 1, 2, 4, 0, 4, '{}', 'd', 'm', '{}', 0.1);
INSERT INTO subset_members SELECT 1, 10 + 3 * i, i + 1, '{"turn": 1}' FROM range(4) AS t(i);
INSERT INTO tags VALUES ('tiny', 'first', 1, TIMESTAMP '2026-01-03');
"""


CASES = Path(__file__).parent.parent / "cases"


def read_cases(name: str) -> list[tuple[str, str]]:
    """The blocks of ``tests/cases/<name>.sql``: each a line ``-- title: ...`` and the SQL below it."""
    blocks = re.split(r"^-- title: (.*)\n", (CASES / f"{name}.sql").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return list(zip(blocks[1::2], (block.strip() for block in blocks[2::2]), strict=True))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes ``hostile`` or ``pair`` runs once for every block of that file."""
    for fixture in ("hostile", "pair"):
        if fixture in metafunc.fixturenames:
            cases = read_cases(fixture if fixture == "hostile" else "plans")
            metafunc.parametrize(fixture, [sql for _, sql in cases], ids=[title for title, _ in cases])


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to copy: making it takes longer than most tests."""
    made = Home(tmp_path_factory.mktemp("filled") / "catalog")
    with writing(made) as connection:
        connection.execute(FILL)
    return made.path


@pytest.fixture
def home(filled: Path, tmp_path: Path) -> Home:
    """A catalog with the pool `tiny` (two versions) and the subset `few`."""
    return Home(Path(shutil.copytree(filled, tmp_path / "catalog")))
