import json

import pytest
import yaml

from catalog.errors import LossyExportError, OptionError
from catalog.subsets.export import export

TOOLS = '[{"type": "function", "function": {"name": "f", "parameters": {}}}]'


def test_the_folder_holds_chat_lines_and_the_section_that_reads_them(tmp_path, row, batches):
    exported = export(batches([row(), row(system="Be kind.", tools=TOOLS)]), format="axolotl", path=tmp_path / "out", name="easy")
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


def test_the_configuration_says_of_which_version_it_is(tmp_path, row, batches):
    exported = export(batches([row()]), format="axolotl", path=tmp_path, name="easy", reference="easy@3")
    assert exported.reference == "easy@3"
    assert (tmp_path / "easy.yaml").read_text().startswith("# easy@3\n")


def test_without_tools_no_field_of_tools_is_named(tmp_path, row, batches):
    export(batches([row()]), format="axolotl", path=tmp_path, name="a")
    assert "field_tools" not in (tmp_path / "a.yaml").read_text()


def test_a_configuration_that_was_edited_stays_unless_it_may_be_overwritten(tmp_path, row, batches):
    (tmp_path / "a.yaml").write_text("edited: true")
    with pytest.raises(OptionError, match=r"a\.yaml exists: give these data another name with --name, or add --overwrite"):
        export(batches([row()]), format="axolotl", path=tmp_path, name="a")
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]
    export(batches([row()]), format="axolotl", path=tmp_path, name="a", overwrite=True)
    assert "datasets" in (tmp_path / "a.yaml").read_text()


@pytest.mark.parametrize("tools", ["f(x): squares x", '{"name": "f"}'])
def test_tools_that_are_no_list_are_refused(tmp_path, row, batches, tools):
    with pytest.raises(LossyExportError, match="1 with tools that are no JSON list"):
        export(batches([row(tools=tools)]), format="axolotl", path=tmp_path / "a", name="a")
    export(batches([row(tools=tools)]), format="axolotl", path=tmp_path / "a", name="a", allow_lossy=True)
    assert "tools" not in json.loads((tmp_path / "a" / "a.jsonl").read_text())
