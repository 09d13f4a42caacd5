from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from catalog.models.device import best_device, set_threads


def test_the_device_is_cuda_where_there_is_one() -> None:
    assert best_device().type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_threads_are_set_and_told() -> None:
    assert set_threads(1) == 1
    assert set_threads(None) == 1


def test_no_module_imports_torch_before_it_is_used() -> None:
    code = """
import importlib, pkgutil, sys
import catalog.models as models
for module in pkgutil.iter_modules(models.__path__):
    importlib.import_module(f"catalog.models.{module.name}")
heavy = {"torch", "transformers", "sentence_transformers", "sklearn", "tokenizers"}
sys.exit(", ".join(sorted(heavy & set(sys.modules))) or 0)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.slow
def test_loading_a_model_writes_nothing_to_stderr() -> None:
    code = "from catalog.models.encoder import load_encoder; load_encoder().encode(['a'])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_threads_spin_shortly_unless_the_user_says_otherwise() -> None:
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    code = f"import os, catalog.models; print([os.environ.get(name) for name in {names}])"
    for given, expected in (
        ({}, [None, "3000"]),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, ["ACTIVE", None]),
        ({"GOMP_SPINCOUNT": "7"}, [None, "7"]),
    ):
        environment = {
            name: value for name, value in os.environ.items() if name not in names
        } | given
        run = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        assert run.stdout.strip() == str(expected)
