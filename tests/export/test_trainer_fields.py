"""The names that LLaMA-Factory and axolotl read, as recorded in trainer_fields.json."""

import json
from pathlib import Path

import pytest
import yaml

from catalog.export import export

FIELDS = json.loads(Path(__file__).with_name("trainer_fields.json").read_text())


@pytest.fixture
def written(mixed, batches, tmp_path):
    def write(format, *, with_pairs=False):
        rows = [row for name, row in mixed.items() if with_pairs or "rejected" not in name]
        path = tmp_path / "out"
        return export(
            batches(rows), format=format, path=path, name="a", allow_lossy=True, order_matters=True
        ).files

    return write


def test_the_record_names_its_sources():
    assert all(
        len(record["commit"]) == 40 and record["files"] and record["repository"]
        for record in FIELDS.values()
    )


@pytest.mark.parametrize("with_pairs", [False, True])
def test_llama_factory_knows_every_name(written, with_pairs):
    known = FIELDS["LLaMA-Factory"]
    data, info, training = written("llamafactory", with_pairs=with_pairs)
    entry = json.loads(info.read_text())["a"]
    assert entry.keys() <= set(known["entry"])
    assert entry["formatting"] in known["formatting"]
    assert entry["columns"].keys() <= set(known["columns"])
    assert entry["tags"].keys() == set(known["tags"])
    assert yaml.safe_load(training.read_text()).keys() <= set(known["training"])
    columns = json.loads(data.read_text(encoding="utf-8").splitlines()[0]).keys()
    assert set(entry["columns"].values()) <= columns
    assert columns - set(entry["columns"].values()) == {"fingerprint", "source", "media"}


def test_axolotl_knows_every_name(written):
    known = FIELDS["axolotl"]
    data, config = written("axolotl")
    lines = yaml.safe_load(config.read_text())
    (section,) = lines["datasets"]
    assert lines.keys() <= set(known["config"])
    assert section.keys() <= set(known["dataset"])
    assert section["train_on_eos"] in known["train_on_eos"]
    columns = json.loads(data.read_text(encoding="utf-8").splitlines()[0]).keys()
    assert columns == {
        section["field_messages"],
        section["field_tools"],
        known["images"],
        "fingerprint",
        "source",
        "media",
    }
