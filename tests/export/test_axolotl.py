import json

import pytest
import yaml

from catalog.errors import LossyExportError, OptionError
from catalog.export import export

TOOLS = '[{"type": "function", "function": {"name": "f", "parameters": {}}}]'


def test_the_folder_holds_chat_lines_and_the_section_that_reads_them(tmp_path, row, batches):
    exported = export(
        batches([row(), row(system="Be kind.", tools=TOOLS)]),
        format="axolotl",
        path=tmp_path / "out",
        name="easy",
    )
    data, config = exported.files
    assert (data, config) == (tmp_path / "out" / "easy.jsonl", tmp_path / "out" / "easy.yaml")
    (section,) = yaml.safe_load(config.read_text())["datasets"]
    assert section == {
        "path": data.as_posix(),
        "ds_type": "json",
        "type": "chat_template",
        "field_messages": "messages",
        "field_tools": "tools",
        "message_property_mappings": {"role": "role", "content": "content"},
        "roles_to_train": ["assistant"],
        "train_on_eos": "turn",
    }
    records = [json.loads(line) for line in data.read_text().splitlines()]
    assert [[turn["role"] for turn in record[section["field_messages"]]] for record in records] == [
        ["user", "assistant"],
        ["system", "user", "assistant"],
    ]
    assert [record.get(section["field_tools"]) for record in records] == [None, TOOLS]


def test_the_configuration_names_its_version(tmp_path, row, batches):
    exported = export(
        batches([row()]), format="axolotl", path=tmp_path, name="easy", reference="easy@3"
    )
    assert exported.reference == "easy@3"
    assert (tmp_path / "easy.yaml").read_text().startswith("# easy@3\n")


def test_without_tools_no_field_of_tools_is_named(tmp_path, row, batches):
    export(batches([row()]), format="axolotl", path=tmp_path, name="a")
    assert "field_tools" not in (tmp_path / "a.yaml").read_text()


def test_a_configuration_that_was_edited_stays_unless_it_may_be_overwritten(tmp_path, row, batches):
    (tmp_path / "a.yaml").write_text("edited: true")
    with pytest.raises(
        OptionError,
        match=r"a\.yaml exists",
    ):
        export(batches([row()]), format="axolotl", path=tmp_path, name="a")
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]
    export(batches([row()]), format="axolotl", path=tmp_path, name="a", overwrite=True)
    assert "datasets" in (tmp_path / "a.yaml").read_text()


@pytest.mark.parametrize("tools", ["f(x): squares x", '{"name": "f"}'])
def test_tools_other_than_a_list_are_refused(tmp_path, row, batches, tools):
    with pytest.raises(LossyExportError, match="1 with tools that are no JSON list"):
        export(batches([row(tools=tools)]), format="axolotl", path=tmp_path / "a", name="a")
    export(
        batches([row(tools=tools)]),
        format="axolotl",
        path=tmp_path / "a",
        name="a",
        allow_lossy=True,
    )
    assert "tools" not in json.loads((tmp_path / "a" / "a.jsonl").read_text())


@pytest.mark.parametrize(
    ("extras", "field", "written"),
    [
        ([{"weight": 0}, {"weight": 1}], "weight", [{"weight": 0}, {"weight": 1}]),
        ([{"train": False}, {}], "train", [{"train": False}, {}]),
        ([{"masked": True}, {}], "train", [{"train": False}, {}]),
        ([{"weight": 0}, {"train": True}], "train", [{"train": False}, {"train": True}]),
        ([{"weight": 0.5}, {"weight": 0}], "train", [{"train": True}, {"train": False}]),
    ],
)
def test_weights_of_turns_reach_the_trainer(tmp_path, row, batches, extras, field, written):
    user, answer = {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}
    rows = [row(user, {**answer, "extra": extra}) for extra in extras]
    data, config = export(
        batches(rows), format="axolotl", path=tmp_path, name="a", allow_lossy=True
    ).files
    assert yaml.safe_load(config.read_text())["datasets"][0]["message_field_training"] == field
    turns = [json.loads(line)["messages"][1] for line in data.read_text().splitlines()]
    assert turns == [{**answer, **extra} for extra in written]
    if written != extras:
        with pytest.raises(LossyExportError, match="with weights of turns, written as train"):
            export(batches(rows), format="axolotl", path=tmp_path, name="b")


def test_an_order_that_matters_is_kept(tmp_path, row, batches):
    files = export(
        batches([row()]), format="axolotl", path=tmp_path, name="a", order_matters=True
    ).files
    lines = yaml.safe_load(files[1].read_text())
    assert (lines["curriculum_sampling"], lines["shuffle_merged_datasets"]) == (True, False)


def test_one_image_reaches_the_trainer_and_several_are_a_loss(tmp_path, row, batches):
    images = [{"kind": "image", "path": f"{name}.png"} for name in "ab"]
    data, config = export(
        batches([row(media=images[:1]), row()]), format="axolotl", path=tmp_path, name="a"
    ).files
    assert [json.loads(line)["images"] for line in data.read_text().splitlines()] == [["a.png"], []]
    assert yaml.safe_load(config.read_text())["processor_type"] == "AutoProcessor"
    with pytest.raises(LossyExportError, match="1 with images beside the text"):
        export(batches([row(media=images)]), format="axolotl", path=tmp_path, name="b")
