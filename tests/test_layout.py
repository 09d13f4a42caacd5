"""What holds the project together: layers, folders, packaging, start-up."""

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import Catalog

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ("sql", "selectors", "migrations")
LONGEST = {"catalog/catalog.py": 1100}  # every verb of the package, each a delegation


def run(*command: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def run_python(code: str, *, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run code in a process of its own, which imports this package."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_point_one_way() -> None:
    answer = run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_sql_folders_hold_sql_and_nothing_else() -> None:
    strangers = [
        path
        for folder in SHIPPED
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".sql"
    ]
    assert strangers == []


def test_the_top_level_is_as_designed() -> None:
    tracked = run("git", "ls-files").stdout.splitlines()
    designed = {
        "pyproject.toml",
        "README.md",
        "Makefile",
        "LICENSE",
        "CHANGELOG.md",
        "docs",
        "catalog",
        "tests",
        "benchmarks",
        "studies",
        *SHIPPED,
    }
    assert {
        name for name in (path.split("/")[0] for path in tracked) if not name.startswith(".")
    } <= designed


def test_modules_are_short_enough_to_read() -> None:
    paths = [
        path
        for folder in ("catalog", "tests", "benchmarks", "studies")
        for path in (ROOT / folder).rglob("*.py")
    ]
    n_lines = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in paths
    }
    assert {path: n for path, n in n_lines.items() if n > LONGEST.get(path, 300)} == {}


def test_starting_up_imports_nothing_heavy() -> None:
    heavy = ("torch", "lancedb", "lance", "transformers", "sklearn", "polars")
    code = f"import sys, catalog.cli; print([name for name in {heavy} if name in sys.modules])"
    assert run(sys.executable, "-c", code).stdout == "[]\n"


def test_lancedb_is_imported_by_one_module() -> None:
    importing = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "catalog").rglob("*.py")
        if re.search(r"^ *(import|from) lancedb", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert importing == {"catalog/store/vector_search.py"}


def test_sqlglot_is_imported_only_where_sql_is_understood() -> None:
    importing = {
        str(path.relative_to(ROOT / "catalog"))
        for path in (ROOT / "catalog").rglob("*.py")
        if re.search(r"^ *(import|from) sqlglot", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    rooms = ("query/meaning/", "why/")
    assert [path for path in sorted(importing) if not path.startswith(rooms)] == []


def test_a_query_for_the_terminal_imports_no_arrow(
    catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    catalog.register(jsonl([{"instruction": "q", "output": "a"}]), pool="p")
    code = (
        "import sys; from catalog import Catalog; c = Catalog.open('home', isolated=False);"
        "rows = c.first_rows(\"SELECT prompt, 1 AS n FROM pool('p')\");"
        "print(rows, [name for name in ('numpy', 'pyarrow', 'polars') if name in sys.modules])"
    )
    answer = run_python(code, folder=tmp_path)
    assert answer.stdout == "(['prompt', 'n'], [{'prompt': 'q', 'n': 1}]) []\n", answer.stderr


def test_a_query_without_search_imports_neither_lancedb_nor_sqlglot(tmp_path: Path) -> None:
    (tmp_path / "pool.jsonl").write_text('{"instruction": "q", "output": "a"}\n' * 3)
    code = (
        "import sys; from catalog import Catalog; c = Catalog.open('home', isolated=False);"
        "c.register('pool.jsonl', pool='p'); c.sql('SELECT 1');"
        "c.select('random', 'p', budget=1, name='s');"
        "print([name for name in ('lancedb', 'sqlglot') if name in sys.modules])"
    )
    answer = run_python(code, folder=tmp_path)
    assert answer.stdout == "[]\n", answer.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    answer = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_every_sql_file(wheel: Path) -> None:
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".sql")}
    assert packed == {
        f"catalog/{path.relative_to(ROOT)}"
        for folder in SHIPPED
        for path in (ROOT / folder).rglob("*.sql")
    }


@pytest.mark.slow
def test_the_wheel_runs_from_another_directory(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r}); import catalog; print(catalog.__file__); "
        "from catalog.cli import main; main()"
    )
    (tmp_path / "pool.jsonl").write_text('{"instruction": "q", "output": "a"}\n')
    for arguments in (
        ["register", "pool.jsonl", "--pool", "p"],
        ["sql", "SELECT prompt FROM pool('p')", "--format", "csv"],
    ):
        answer = run(sys.executable, "-P", "-c", code, *arguments, cwd=tmp_path)
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.startswith(str(site))
    assert answer.stdout.endswith("prompt\nq\n")


def test_every_pin_is_inside_its_range() -> None:
    pins = dict(
        line.lower().split("==")
        for line in (ROOT / ".ci/constraints.txt").read_text().splitlines()
        if "==" in line
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[<>=\[]", dependency)[0].lower() for dependency in project["dependencies"]]
    assert [name for name in names if name not in pins and name.replace("-", "_") not in pins] == []


def test_no_module_imports_what_one_system_alone_has() -> None:
    of_one_system = {"fcntl", "grp", "msvcrt", "pty", "pwd", "resource", "termios", "winreg"}
    named = re.compile(rf"\b({'|'.join(of_one_system)})\b")
    imported = {
        (str(path.relative_to(ROOT)), name)
        for path in (ROOT / "catalog").rglob("*.py")
        if named.search(path.read_text(encoding="utf-8"))
        for name in top_level_imports(path)
    }
    assert [item for item in sorted(imported) if item[1] in of_one_system] == []


def test_the_command_line_starts_without_the_modules_of_one_system() -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['fcntl', 'resource', 'termios', 'pwd']));"
        "import pkgutil, importlib, catalog.cli, catalog.store, catalog.query;"
        "[importlib.import_module(module.name) for room in (catalog.cli, catalog.store,"
        " catalog.query) for module in pkgutil.iter_modules(room.__path__, room.__name__ + '.')];"
        "from pathlib import Path; from catalog.store.references import resolve; print('ok')"
    )
    answer = run(sys.executable, "-c", code)
    assert answer.stdout == "ok\n", answer.stderr


def top_level_imports(path: Path) -> set[str]:
    """Return the packages that a module imports whenever it is imported."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names
