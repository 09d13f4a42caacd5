"""Proxy that needs no download: a small Llama with a vocabulary of its own.

It is made for one pool and trained from scratch.

1.06 million parameters and 2,048 byte-level BPE tokens by default, since at this size the LM head
is most of the work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from catalog.errors import OptionError
from catalog.models.causal_lm import CausalLM

BEGIN, END, PAD = "<|begin|>", "<|end|>", "<|pad|>"


@dataclass(frozen=True)
class TinyShape:
    """Size of the proxy.

    Attributes:
        vocabulary: tokens, special ones included; 2,048 to 4,096 serve.
        width: hidden size.
        layers: transformer layers.
        heads: attention heads; divides the width.
        inner: size of the feed-forward layer.
    """

    vocabulary: int = 2048
    width: int = 128
    layers: int = 4
    heads: int = 4
    inner: int = 352


def build_tiny(
    texts: Iterable[str],
    *,
    seed: int = 0,
    shape: TinyShape | None = None,
    sample_bytes: int = 40_000_000,
) -> CausalLM:
    """Return an untrained proxy: vocabulary from a pool's texts, weights from the seed.

    Args:
        texts: prompts and responses in a fixed order; read as far as ``sample_bytes``.
        seed: decides the first weights. The global random state is left as it was.
        shape: its size.
        sample_bytes: how much UTF-8 text the vocabulary is learnt from.

    Raises:
        OptionError: the shape makes no model.
    """
    shape = shape or TinyShape()
    if shape.vocabulary < 260 or shape.width % shape.heads:
        raise OptionError(
            f"{shape}: the vocabulary needs 256 bytes and 3 special tokens at least, and heads "
            "must divide the width"
        )
    tokenizer = _tokenizer(_first_bytes(texts, sample_bytes), vocabulary=shape.vocabulary)

    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        intermediate_size=shape.inner,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        use_cache=False,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model: Any = LlamaForCausalLM(config)
    return CausalLM(model.eval(), tokenizer, "tiny")


def tiny_identity(*, seed: int = 0, shape: TinyShape | None = None) -> dict[str, Any]:
    """Return what decides a tiny proxy beside the texts that it was made from."""
    return {
        "model": "tiny",
        "version": 1,
        "seed": seed,
        "dtype": "float32",
        "template": "alpaca",
        **asdict(shape or TinyShape()),
    }


def _tokenizer(texts: Iterator[str], *, vocabulary: int) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, BEGIN, END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    bpe.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A", special_tokens=[(BEGIN, bpe.token_to_id(BEGIN))]
    )
    make: Any = PreTrainedTokenizerFast
    return make(tokenizer_object=bpe, bos_token=BEGIN, eos_token=END, pad_token=PAD)


def _first_bytes(texts: Iterable[str], n_bytes: int) -> Iterator[str]:
    left = n_bytes
    for text in texts:
        if left <= 0:
            return
        left -= len(text.encode("utf-8", errors="ignore"))
        yield text
