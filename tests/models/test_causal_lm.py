from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from catalog.errors import ModelNotFoundError, OptionError
from catalog.models.causal_lm import CausalLM, lm_identity, load_causal_lm, save_causal_lm
from catalog.models.losses import response_losses
from catalog.models.tokens import tokens_of

DATA = Path(os.environ.get("CATALOG_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.fixture
def saved(family: CausalLM, tmp_path: Path) -> Path:
    save_causal_lm(family, tmp_path / "model")
    return tmp_path / "model"


def test_a_saved_model_of_every_family_loads_and_scores_the_same(
    family: CausalLM, saved: Path, instructions: list[dict[str, Any]]
) -> None:
    lm = load_causal_lm(saved, device="cpu")
    encoded = tokens_of(instructions, tokenizer=lm.tokenizer, template=lm.template)
    np.testing.assert_array_equal(
        response_losses(lm, encoded).mean, response_losses(family, encoded).mean
    )
    assert lm.is_head_plain == (family.name != "gemma2")
    assert lm.is_state_plain
    assert lm.dtype == "float32"


def test_bfloat16_on_request_stays_near_float32(
    tiny: CausalLM, instructions: list[dict[str, Any]], tmp_path: Path
) -> None:
    save_causal_lm(tiny, tmp_path / "model")
    encoded = tokens_of(instructions, tokenizer=tiny.tokenizer, template=tiny.template)
    wide = response_losses(tiny, encoded).mean
    for to_train, stored in ((False, torch.bfloat16), (True, torch.float32)):
        lm = load_causal_lm(tmp_path / "model", device="cpu", dtype="bfloat16", to_train=to_train)
        assert lm.model.dtype == stored
        narrow = response_losses(lm, encoded).mean
        np.testing.assert_allclose(narrow, wide, atol=0.05)
        assert not np.array_equal(narrow, wide)


def test_the_identity_follows_content_and_not_place(tiny: CausalLM, tmp_path: Path) -> None:
    save_causal_lm(tiny, tmp_path / "model")
    one = load_causal_lm(tmp_path / "model", device="cpu").identity()
    assert one == lm_identity(tmp_path / "model", dtype="float32")
    assert one["template"] == "alpaca"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "model").rename(tmp_path / "elsewhere" / "model")
    assert lm_identity(tmp_path / "elsewhere" / "model", dtype="float32") == one
    with torch.no_grad():
        tiny_copy = load_causal_lm(tmp_path / "elsewhere" / "model", device="cpu")
        next(iter(tiny_copy.model.parameters())).add_(1e-3)
    save_causal_lm(tiny_copy, tmp_path / "model")
    other = lm_identity(tmp_path / "model", dtype="float32")
    assert {key for key in one if one[key] != other[key]} == {"weights"}


def test_the_template_in_the_identity_is_the_one_in_use(tiny: CausalLM, tmp_path: Path) -> None:
    tokenizer = load_causal_lm(_saved(tiny, tmp_path / "plain"), device="cpu").tokenizer
    tokenizer.chat_template = (
        "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    )
    folder = _saved(CausalLM(tiny.model, tokenizer, "chatty"), tmp_path / "chatty")
    lm = load_causal_lm(folder, device="cpu")
    assert lm.template.identity().startswith("chat:")
    assert lm_identity(folder, dtype="float32")["template"] == lm.template.identity()


def test_saving_never_overwrites(tiny: CausalLM, tmp_path: Path) -> None:
    _saved(tiny, tmp_path / "model")
    with pytest.raises(FileExistsError):
        save_causal_lm(tiny, tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_model_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"nobody/nothing: .*hf download nobody/nothing"):
        load_causal_lm("nobody/nothing")
    with pytest.raises(ModelNotFoundError, match=r"no config.json"):
        load_causal_lm(tmp_path)
    with pytest.raises(ModelNotFoundError, match="no such folder"):
        load_causal_lm(tmp_path / "missing")
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(ModelNotFoundError, match="cannot be loaded"):
        load_causal_lm(tmp_path)
    with pytest.raises(OptionError, match="int8"):
        load_causal_lm(tmp_path, dtype="int8")


def _saved(lm: CausalLM, folder: Path) -> Path:
    save_causal_lm(lm, folder)
    return folder


def test_a_model_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = tmp_path / "bare"
    GPT2LMHeadModel(GPT2Config(n_layer=1, n_embd=8, n_head=1)).save_pretrained(folder)
    with pytest.raises(ModelNotFoundError, match=r"bare.*tokenizer"):
        load_causal_lm(folder)


def test_real_weights_load_and_know_their_stories(tmp_path: Path) -> None:
    source = DATA / "stories260K"
    if not source.is_dir():
        pytest.skip("no real data: set CATALOG_TEST_DATA to the folder that holds stories260K")
    lm = load_causal_lm(convert_stories(source, tmp_path / "stories260K"), device="cpu")
    ids = torch.tensor([[lm.tokenizer.bos_token_id]])
    told = lm.tokenizer.decode(
        lm.model.generate(ids, max_new_tokens=40, do_sample=False)[0], skip_special_tokens=True
    )
    assert told.strip().startswith(
        "Once upon a time, there was a little girl named Lily. She loved to play outside in the"
    )

    def told_by(story: str) -> dict[str, Any]:
        return {
            "messages": [
                {"role": "user", "content": "Once upon a time"},
                {"role": "assistant", "content": story},
            ]
        }

    pair = [
        told_by("there was a little girl named Lily. She loved to play."),
        told_by("play. to loved She Lily. named girl little a was there"),
    ]
    losses = response_losses(lm, tokens_of(pair, tokenizer=lm.tokenizer, template=lm.template)).mean
    assert losses[0] + 1 < losses[1]


def convert_stories(source: Path, folder: Path) -> Path:
    """llama2.c's weights and vocabulary as a Hugging Face folder."""
    from transformers import LlamaConfig, LlamaForCausalLM

    raw = (source / "stories260K.bin").read_bytes()
    dim, hidden, layers, heads, kv_heads, vocabulary, window = struct.unpack("<7i", raw[:28])
    numbers = torch.from_numpy(np.frombuffer(raw, dtype="<f4", offset=28).copy())
    kv = dim // heads * kv_heads
    shapes = {
        "embed_tokens": (vocabulary, dim),
        "input_layernorm": (layers, dim),
        "q_proj": (layers, dim, dim),
    }
    shapes |= {
        "k_proj": (layers, kv, dim),
        "v_proj": (layers, kv, dim),
        "o_proj": (layers, dim, dim),
    }
    shapes |= {
        "post_attention_layernorm": (layers, dim),
        "gate_proj": (layers, hidden, dim),
        "down_proj": (layers, dim, hidden),
    }
    shapes |= {"up_proj": (layers, hidden, dim), "norm": (dim,)}
    tensors, at = {}, 0
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        tensors[name] = numbers[at : at + size].view(shape)
        at += size
    for name, n in (
        ("q_proj", heads),
        ("k_proj", kv_heads),
    ):  # llama2.c turns neighbouring pairs, transformers the two halves
        tensors[name] = (
            tensors[name]
            .view(layers, n, dim // heads // 2, 2, dim)
            .transpose(2, 3)
            .reshape(layers, -1, dim)
        )
    state = {
        "model.embed_tokens.weight": tensors.pop("embed_tokens"),
        "model.norm.weight": tensors.pop("norm"),
    }
    for name, stacked in tensors.items():
        place = "self_attn." if name[1:] == "_proj" else "mlp." if name.endswith("_proj") else ""
        state |= {
            f"model.layers.{i}.{place}{name}.weight": stacked[i].clone() for i in range(layers)
        }
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=dim,
        intermediate_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        max_position_embeddings=window,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
    )
    model: Any = LlamaForCausalLM(config)
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert (missing, unexpected) == (["lm_head.weight"], [])
    model.save_pretrained(folder)
    stories_tokenizer(source / "tok512.bin", vocabulary).save_pretrained(folder)
    return folder


def stories_tokenizer(file: Path, vocabulary: int) -> Any:
    """llama2.c's scored vocabulary as a BPE whose merges come in the order of their scores."""
    from tokenizers import Tokenizer, decoders, models, normalizers, processors
    from transformers import PreTrainedTokenizerFast

    raw, at, pieces = file.read_bytes(), 4, []
    for _ in range(vocabulary):
        score, length = struct.unpack_from("<fi", raw, at)
        pieces.append((raw[at + 8 : at + 8 + length].decode(), score))
        at += 8 + length
    names = ["<unk>", "<s>", "</s>", *[f"<0x{i:02X}>" for i in range(256)]]
    names += [piece.replace(" ", "▁") for piece, _ in pieces[len(names) :]]
    ids = {name: i for i, name in enumerate(names)}
    merges = []
    for i in sorted(range(259, vocabulary), key=lambda i: -pieces[i][1]):
        pairs = [
            (names[i][:j], names[i][j:])
            for j in range(1, len(names[i]))
            if names[i][:j] in ids and names[i][j:] in ids
        ]
        merges += pairs
    bpe = Tokenizer(models.BPE(ids, merges, unk_token="<unk>", byte_fallback=True))
    bpe.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    bpe.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    bpe.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


def test_the_identity_follows_what_the_configuration_computes_and_not_who_saved_it(
    tiny: CausalLM, tmp_path: Path
) -> None:
    save_causal_lm(tiny, tmp_path / "model")
    file = tmp_path / "model" / "config.json"
    one, config = lm_identity(tmp_path / "model", dtype="float32"), json.loads(file.read_text())
    file.write_text(
        json.dumps(config | {"transformers_version": "0", "use_cache": False, "_name_or_path": "x"})
    )
    assert lm_identity(tmp_path / "model", dtype="float32") == one
    file.write_text(json.dumps(config | {"rms_norm_eps": 0.5}))
    other = lm_identity(tmp_path / "model", dtype="float32")
    assert {key for key in one if one[key] != other[key]} == {"config"}


def test_a_text_longer_than_the_positions_is_refused(tiny: CausalLM) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(vocab_size=400, n_embd=16, n_layer=1, n_head=2, n_positions=64)
    lm = CausalLM(GPT2LMHeadModel(config).eval(), tiny.tokenizer, "short")
    messages = [
        {"role": "user", "content": "the river " * 60},
        {"role": "assistant", "content": "light"},
    ]
    tokens = tokens_of(
        [{"messages": messages, "system": None, "tools": None}],
        tokenizer=tiny.tokenizer,
        template=tiny.template,
    )
    with pytest.raises(
        OptionError, match=r"short reads 64 tokens at most, and there are .*max_length=64"
    ):
        lm.require_positions(tokens)
    assert (lm.n_positions, tiny.n_positions) == (64, None)
    tiny.require_positions(tokens)
