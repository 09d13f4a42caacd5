"""Tokenizers by name, without the weights of a model."""

from __future__ import annotations

import os
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
        UsageError: it has no end-of-sequence token.
    """
    from catalog.models.template import template_of

    tokenizer = read_tokenizer(name)
    return tokenizer, template_of(tokenizer)


def read_tokenizer(name: str) -> Any:
    """Return a tokenizer, whether or not it has a template.

    Raises:
        ModelNotFoundError: its files cannot be read, or there are none.
    """
    from transformers import AutoTokenizer

    try:
        folder = str(tokenizer_folder(name))
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ModelNotFoundError(
            f"{name}: cannot be loaded as a tokenizer ({one_line(error)}); its folder must hold "
            "the files that save_pretrained writes"
        ) from error
    require_vocabulary(tokenizer, name)
    return tokenizer


def require_vocabulary(tokenizer: Any, name: str | os.PathLike[str]) -> None:
    """Refuse a tokenizer without tokens of text.

    From a folder without a tokenizer's files, transformers makes one of special tokens alone, which
    reads every word as unknown or as nothing.

    Raises:
        ModelNotFoundError: it has special tokens only.
    """
    if not tokenizer.get_vocab().keys() - set(tokenizer.all_special_tokens):
        raise ModelNotFoundError(
            f"{os.fspath(name)}: its tokenizer has no vocabulary; its folder must hold the files "
            "that the tokenizer's save_pretrained writes, such as tokenizer.json"
        )
