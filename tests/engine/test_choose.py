"""Choosing an engine, and running shards in this process."""

import builtins
import socket
from typing import Any

import pytest

from catalog.engine import Shard
from catalog.engine.choose import engine_of
from catalog.engine.local import Local
from catalog.errors import OptionError, SignalError


def test_an_engine_is_local_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert isinstance(engine_of(None), Local)
    monkeypatch.setenv("CATALOG_ENGINE", "nowhere")
    assert isinstance(engine_of("local"), Local)
    with pytest.raises(OptionError, match="nowhere"):
        engine_of(None)


def test_an_engine_that_is_given_is_taken() -> None:
    engine = Local(group_seconds=7)
    assert engine_of(engine) is engine


@pytest.mark.parametrize("options", [{"workers": 2}, {"gpus_per_worker": 1.0}])
def test_one_process_has_no_workers(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        engine_of("local", **options)


def test_without_ray_an_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def fail(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "ray":
            raise ImportError(name)
        return imported(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(OptionError) as raised:
        engine_of("ray")
    assert raised.value.next_step == "pip install 'catalog[ray]'"


@pytest.mark.parametrize("options", [{"workers": 0}, {"gpus_per_worker": -1.0}])
def test_an_option_out_of_its_range_is_refused(options: dict[str, Any]) -> None:
    pytest.importorskip("ray", reason="the engine ray is not installed")
    with pytest.raises(OptionError):
        engine_of("ray", **options)


def test_shards_are_read_one_by_one_and_answered_in_order() -> None:
    read = []

    def shards() -> Any:
        for number in range(3):
            read.append(number)
            yield Shard(number, "", number)

    answers = Local().run(lambda shard: shard.content * 2, shards())
    assert next(answers) == 0
    assert read == [0]
    assert list(answers) == [2, 4]


def test_a_cluster_that_does_not_answer_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="the engine ray is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", address)
        answers = engine_of("ray").run(lambda shard: shard, [Shard(0, "", 0)])
        with pytest.raises(SignalError, match=address):
            next(iter(answers))
