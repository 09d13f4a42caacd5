"""Media are part of the instruction and are never decoded."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog import Catalog
from catalog.pools.conversation import Instruction
from catalog.pools.media import MediaReader
from catalog.store.media import file_hash

Write = Callable[..., Path]

TURNS = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
BYTES = b"\x89PNG not a picture"
SHA256 = hashlib.sha256(BYTES).hexdigest()


def image(path: str, **others: Any) -> dict[str, Any]:
    return {"kind": "image", "path": path, **others}


def read(record: dict[str, Any], **options: Any) -> tuple[Any, Any]:
    instruction = Instruction([("user", "q", None), ("assistant", "a", None)], None, None, record)
    found, _ = MediaReader(**options).attach(instruction, file="-")
    return (json.loads(found.media) if found.media else None), found.rest


@pytest.mark.parametrize(
    ("record", "media"),
    [
        ({"images": ["a.png", "b.png"]}, [image("a.png"), image("b.png")]),
        ({"image": "a.png"}, [image("a.png")]),
        ({"image": '["a.png"]'}, [image("a.png")]),
        ({"image": "[a].png"}, [image("[a].png")]),
        ({"images": [{"path": "a.png", "bytes": None}]}, [image("a.png")]),
        ({"images": [{"url": "https://x/a.png", "width": 3}]}, [image("https://x/a.png", width=3)]),
        ({"images": [{"path": "a.png", "url": "https://x"}]}, [image("a.png", url="https://x")]),
        ({"images": {"bytes": BYTES, "path": "a.png"}}, [image("a.png", sha256=SHA256)]),
        ({"images": [BYTES, {"bytes": BYTES}]}, [{"kind": "image", "sha256": SHA256}] * 2),
        ({"image": {"kind": "photo", "path": "a"}}, [image("a", object_kind="photo")]),
        (
            {"videos": [["1.png", "2.png"]]},
            [{"kind": "video", "frames": [{"path": "1.png"}, {"path": "2.png"}]}],
        ),
        (
            {"audios": ["a.wav"], "video": "v.mp4"},
            [{"kind": "audio", "path": "a.wav"}, {"kind": "video", "path": "v.mp4"}],
        ),
        (
            {"media": [image("a.png"), {"kind": "audio", "path": "b"}]},
            [image("a.png"), {"kind": "audio", "path": "b"}],
        ),
        ({"media": json.dumps([image("a.png")]), "images": ["a.png"]}, [image("a.png")]),
        ({"images": [None, "a.png"]}, [image("a.png")]),
        ({"images": []}, None),
        ({"image": None, "audio": ""}, None),
    ],
)
def test_every_shape_of_media_is_a_list_of_references(record: dict[str, Any], media: Any) -> None:
    assert read({**record, "id": 1}) == (media, {"id": 1})


@pytest.mark.parametrize(
    "record",
    [
        {"image": 3},
        {"images": [True]},
        {"media": "a text"},
        {"media": [{"path": "a"}]},
        {"audio": [{}, 1]},
    ],
)
def test_values_other_than_media_stay_in_the_metadata(record: dict[str, Any]) -> None:
    assert read(record) == (None, record)


@pytest.mark.parametrize(
    "record",
    [{"images": ["a"]}, {"videos": [["1", "2"]]}, {"media": [{"kind": "audio", "sha256": "00"}]}],
)
def test_references_that_are_read_again_stay_as_they_are(record: dict[str, Any]) -> None:
    media, _ = read(record)
    assert read({"media": media}) == (media, {})


def test_records_that_differ_in_images_are_members_of_their_own(
    catalog: Catalog, jsonl: Write
) -> None:
    turns = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]
    for shape in (
        {"messages": TURNS},
        {"instruction": "q", "output": "a"},
        {"conversations": turns},
    ):
        answer = catalog.register(
            jsonl([{**shape, "images": [f"{n}.png"], "id": n} for n in (1, 2, 3)]), pool="p"
        )
        assert (answer.n_members, answer.n_folded, answer.files[0].unread) == (3, 0, {"id": 3})
        assert answer.is_new_version == (
            shape == {"messages": TURNS}
        )  # whatever the shape, the same members
    rows = catalog.sql("SELECT media, metadata FROM pool('p') ORDER BY row_number").rows()
    assert [json.loads(media) for media, _ in rows] == [[image(f"{n}.png")] for n in (1, 2, 3)]
    assert rows[0][1] == '{"id": 1}'


def test_bytes_are_kept_in_the_catalog_and_swept_with_their_last_member(
    catalog: Catalog, tmp_path: Path
) -> None:
    kind = pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    images = pa.array(
        [
            [{"bytes": BYTES, "path": "a.png"}, {"bytes": b"other", "path": None}],
            [{"bytes": BYTES, "path": None}],
        ],
        kind,
    )
    pq.write_table(
        pa.table({"messages": [TURNS, TURNS], "images": images}), tmp_path / "pool.parquet"
    )
    assert catalog.register(tmp_path / "pool.parquet", pool="p").n_members == 2
    assert {path.name: path.read_bytes() for path in catalog.store.media.iterdir()}[SHA256] == BYTES
    assert len(list(catalog.store.media.iterdir())) == 2
    assert catalog.doctor() == []
    assert catalog.gc().media == []
    assert catalog.register(tmp_path / "pool.parquet", pool="p").is_new_version is False
    (catalog.store.media / SHA256).write_bytes(b"\x89PNG not a pictur!")
    assert [finding.check for finding in catalog.doctor()] == ["kept_media"]
    catalog.drop("p")
    assert len(catalog.gc(dry_run=True).media) == 2
    assert len(catalog.gc().media) == 2
    assert list(catalog.store.media.iterdir()) == []
    assert catalog.doctor() == []


def test_a_file_at_hand_is_hashed_beside_the_reference_and_compared(
    catalog: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(BYTES)
    (tmp_path / "b.png").write_bytes(BYTES)
    path = jsonl(
        [
            {"messages": TURNS, "images": [name]}
            for name in ("a.png", str(tmp_path / "b.png"), "gone.png", "https://x/a.png")
        ]
    )
    catalog.register(path, pool="p")
    rows = catalog.sql("SELECT path, sha256, n_bytes FROM media_files ORDER BY location").rows()
    assert rows == [("a.png", SHA256, len(BYTES)), (str(tmp_path / "b.png"), SHA256, len(BYTES))]
    assert catalog.register(path, pool="p").is_new_version is False
    (tmp_path / "a.png").write_bytes(b"another")
    (tmp_path / "b.png").unlink()
    assert {finding.check: "a.png" in finding.problem for finding in catalog.doctor()} == {
        "media_changed": True,
        "media_gone": False,
    }
    answer = catalog.register(path, pool="p")
    assert (answer.n_added, answer.n_removed, answer.n_updated, answer.version) == (0, 0, 1, 2)
    diff = catalog.diff("p@1", "p@2")
    assert (diff.n_added, diff.n_removed, diff.n_kept, diff.n_media_changed) == (0, 0, 4, 1)
    (member,) = diff.members.to_dicts()
    assert (member["change"], json.loads(member["media"])) == ("media changed", [image("a.png")])
    assert catalog.diff("p@2", "p@2").n_media_changed == 0


def test_the_content_is_part_of_the_fingerprint_only_when_asked_for(
    catalog: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    path = jsonl([{"messages": TURNS, "images": ["a.png"]}])
    catalog.register(path, pool="p")
    (tmp_path / "a.png").write_bytes(BYTES)
    assert catalog.register(path, pool="q").n_members == 1
    assert catalog.diff("p", "q").n_kept == 1
    answer = catalog.register(path, pool="hashed", hash_media=True)
    assert json.loads(catalog.sql("SELECT media FROM pool('hashed')").item()) == [
        image("a.png", sha256=SHA256)
    ]
    assert catalog.diff("q", "hashed").n_kept == 0
    assert answer.n_members == 1
    assert catalog.show("hashed").version["options"]["hash_media"] is True


def test_members_that_get_their_media_are_counted(catalog: Catalog, jsonl: Write) -> None:
    catalog.register(jsonl([{"messages": TURNS}]), pool="p")
    answer = catalog.register(
        jsonl([{"messages": TURNS, "images": [f"{n}.png"]} for n in range(3)]),
        pool="p",
        mode="replace",
    )
    assert (answer.n_added, answer.n_removed, answer.n_identity_changed) == (3, 1, 1)


def test_only_regular_files_of_a_bounded_size_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(BYTES)
    assert file_hash(tmp_path / "file") == (SHA256, len(BYTES))
    for path in (
        "/dev/zero",
        tmp_path / "pipe",
        tmp_path,
        tmp_path / "gone",
        "a\0b",
        "\ud83d",
        "x" * 5000,
    ):
        assert file_hash(path) is None
    monkeypatch.setattr("catalog.store.media.MAX_BYTES", 3)
    assert file_hash(tmp_path / "file") is None
