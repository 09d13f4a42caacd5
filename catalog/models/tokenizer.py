"""Tokenizers by name, without the weights of a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import ModelNotFoundError
from catalog.messages import one_line
from catalog.models.weights import TOKENIZER_FILES, model_folder, tokenizer_sha256

if TYPE_CHECKING:
    from catalog.models.template import Template


def tokenizer_folder(name: str) -> Path:
    """Return the folder of a tokenizer: a folder with its files, or the folder of a model.

    Raises:
        ModelNotFoundError: there is none here, and it could not be downloaded.
    """
    path = Path(name).expanduser()
    if any((path / file).is_file() for file in TOKENIZER_FILES):
        return path.resolve()
    return model_folder(name)


def tokenizer_identity(name: str) -> dict[str, Any]:
    """Return what decides a text's tokens: hashes of the tokenizer and of its template."""
    from catalog.models.causal_lm import template_identity

    folder = tokenizer_folder(name)
    return {"tokenizer": tokenizer_sha256(folder), "template": template_identity(folder)}


def load_tokenizer(name: str) -> tuple[Any, Template]:
    """Return a tokenizer and its template.

    Raises:
        ModelNotFoundError: its files cannot be read.
    """
    from transformers import AutoTokenizer

    from catalog.models.template import template_of

    try:
        folder = str(tokenizer_folder(name))
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ModelNotFoundError(
            f"{name}: cannot be loaded as a tokenizer ({one_line(error)}); its folder must hold "
            "the files that save_pretrained writes"
        ) from error
    return tokenizer, template_of(tokenizer)
