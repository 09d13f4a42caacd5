"""The example files for Slurm and Kubernetes hold commands that exist."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from catalog.cli import main
from tests.pages import DOCS

SLURM = DOCS / "examples" / "ray-slurm.sh"
KUBERNETES = DOCS / "examples" / "ray-kubernetes.yaml"
GUIDE = DOCS / "how-to" / "cluster.md"


def parse(group: click.Command, arguments: list[str]) -> None:
    """Parse a command line down to its last command, and run nothing."""
    context = group.make_context(group.name, [*arguments])
    while isinstance(group, click.Group):
        rest = [*context._protected_args, *context.args]
        name, command, rest = group.resolve_command(context, rest)
        assert command is not None
        group, context = command, command.make_context(name, rest, parent=context)


def commands(text: str, program: str) -> Iterator[list[str]]:
    """Yield the arguments of a program's calls in a shell script."""
    code = "\n".join(re.findall(r"```\w+\n(.*?)```", text, re.DOTALL)) or text
    joined = re.sub(r"\\\n\s*", " ", code)
    calls = rf"^(?:\$ |trap '|srun .*\s)?{program} ([a-z-][^#;&\n]*)"
    for call in re.findall(calls, joined, re.MULTILINE):
        yield shlex.split(call)


def rendered() -> dict[str, Any]:
    job: dict[str, Any] = yaml.safe_load(KUBERNETES.read_text(encoding="utf-8"))
    return job


def test_the_slurm_script_is_one_that_bash_reads() -> None:
    assert subprocess.run(["bash", "-n", str(SLURM)], check=False).returncode == 0


@pytest.mark.parametrize("file", [SLURM, GUIDE], ids=lambda file: file.name)
def test_every_command_of_the_catalog_is_one(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray", reason="the engine ray is not installed")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "texts.parquet").touch()
    found = [*commands(file.read_text(encoding="utf-8"), "catalog")]
    assert len(found) >= 2
    for words in found:
        parse(main, words)


def test_every_command_of_ray_is_one() -> None:
    scripts = pytest.importorskip("ray.scripts.scripts", reason="the engine ray is not installed")
    found = [*commands(SLURM.read_text(encoding="utf-8"), "ray")]
    assert [words[0] for words in found] == ["stop", "start", "start"]
    for words in found:
        parse(scripts.cli, words)


def test_the_job_for_kubernetes_has_a_head_with_the_catalog_and_workers() -> None:
    job = rendered()
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    program, *words = shlex.split(job["spec"]["entrypoint"])
    assert program == "catalog"
    parse(main, words)
    cluster = job["spec"]["rayClusterSpec"]
    head = cluster["headGroupSpec"]["template"]["spec"]
    mounts = head["containers"][0]["volumeMounts"]
    assert {mount["name"] for mount in mounts} == {volume["name"] for volume in head["volumes"]}
    assert mounts[0]["mountPath"] == words[words.index("--home") + 1]
    for group in cluster["workerGroupSpecs"]:
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
        limits = group["template"]["spec"]["containers"][0]["resources"]["limits"]
        assert float(limits["nvidia.com/gpu"]) >= float(words[words.index("--gpus-per-worker") + 1])
