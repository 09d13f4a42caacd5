"""Causal language model with its tokenizer and its template."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import ModelNotFoundError, OptionError
from catalog.messages import argument, one_line
from catalog.models.device import best_device, silence_libraries
from catalog.models.template import Template, template_of
from catalog.models.tokenizer import require_vocabulary
from catalog.models.travel import Travelling
from catalog.models.weights import files_identity, model_folder, read_json

if TYPE_CHECKING:
    import torch

    from catalog.models.lora import Lora
    from catalog.models.tokens import Tokens


@dataclass
class CausalLM(Travelling):
    """Causal language model that reads and scores instructions.

    Attributes:
        model: the Hugging Face model, in evaluation mode.
        tokenizer: its tokenizer.
        name: hub id or path, for messages.
        dtype: ``"float32"`` or ``"bfloat16"``, what products are taken in.
        template: how instructions become its text.
        lora: its adapters, if :func:`catalog.models.lora.add_lora` added some.
    """

    model: Any
    tokenizer: Any
    name: str
    dtype: str = "float32"
    template: Template = field(init=False)
    lora: Lora | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.template = template_of(self.tokenizer)
        self.is_head_plain, self.is_state_plain = self._examine()

    @property
    def device(self) -> torch.device:
        """Return the device of the weights."""
        device: torch.device = self.model.device
        return device

    @property
    def dimension(self) -> int:
        """d, the length of a state before the LM head."""
        return int(self.model.get_output_embeddings().weight.shape[1])

    @property
    def n_vocabulary(self) -> int:
        """V, the number of logits."""
        return int(self.model.get_output_embeddings().weight.shape[0])

    @property
    def n_positions(self) -> int | None:
        """Return the longest text that the model reads, in tokens; None with rotary positions."""
        import torch

        longest = getattr(self.model.config, "max_position_embeddings", None)
        read = self.model.get_input_embeddings()
        others = [
            one
            for one in self.model.modules()
            if isinstance(one, torch.nn.Embedding) and one is not read
        ]
        if longest and any(longest <= one.num_embeddings <= longest + 2 for one in others):
            return int(longest)
        return None

    def require_positions(self, tokens: Iterable[Tokens]) -> None:
        """Refuse texts that are longer than the model can read.

        Raises:
            OptionError: one is.
        """
        n_positions = self.n_positions
        if not n_positions:
            return
        longest = max((len(each.ids) for each in tokens if each.reason is None), default=0)
        if longest > n_positions:
            raise OptionError(
                f"{self.name} reads {n_positions:,} tokens at most, and there are {longest:,}: "
                f"use {argument('max_length', n_positions)}"
            )

    @property
    def opening_id(self) -> int:
        """Return the token that a text may start from: begin of sequence, else end of sequence."""
        tokenizer = self.tokenizer
        if tokenizer.bos_token_id is None:
            return int(tokenizer.eos_token_id)
        return int(tokenizer.bos_token_id)

    def states(self, ids: torch.Tensor) -> torch.Tensor:
        """Hidden states before the LM head, (B, T, d), of token ids (B, T) padded on the right.

        No mask goes in: a causal model sees nothing to the right of a position, so that padding
        there reaches no real one, and without a mask attention skips half of its work.
        """
        with self.computing():
            states: torch.Tensor = self.model.base_model(
                input_ids=ids, use_cache=False
            ).last_hidden_state
        return states

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        """Return the LM head's logits (P, V) of states (P, d).

        They are the model's logits where ``is_head_plain``.
        """
        with self.computing():
            logits: torch.Tensor = self.model.get_output_embeddings()(states)
        return logits

    def whole_logits(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the model's own logits, (B, T, V), padded as in :meth:`states`.

        A few models scale or cap what their head gives.
        """
        with self.computing():
            logits: torch.Tensor = self.model(input_ids=ids, use_cache=False).logits
        return logits

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Take products in bfloat16 where the weights are float32 and ``dtype`` says bfloat16."""
        import torch

        narrow = self.dtype == "bfloat16" and self.model.dtype == torch.float32
        with torch.autocast(self.device.type, dtype=torch.bfloat16) if narrow else nullcontext():
            yield

    def identity(self) -> dict[str, Any]:
        """Return :func:`lm_identity` of this model, which was loaded from files."""
        return lm_identity(self.name, dtype=self.dtype) | {"template": self.template.identity()}

    def _examine(self) -> tuple[bool, bool]:
        """Return whether the head gives the model's logits, and whether it reads the states."""
        import torch

        head = self.model.get_output_embeddings()
        if head is None:
            return False, False
        seen: list[torch.Tensor] = []
        hook = head.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
        was_training = self.model.training
        self.model.eval()
        try:
            ids = torch.arange(1, 9, device=self.device)[None] % head.weight.shape[0]  # (1, 8)
            with torch.inference_mode():
                whole = self.whole_logits(ids).float()
                states = self.states(ids)
                product = self.logits(states).float()
        finally:
            hook.remove()
            self.model.train(was_training)
        tolerance = 1e-4 if self.dtype == "float32" else 5e-2
        return torch.allclose(whole, product, rtol=tolerance, atol=tolerance), bool(
            seen
        ) and torch.equal(seen[0], states)


def load_causal_lm(
    name: str | os.PathLike[str],
    *,
    device: torch.device | str | None = None,
    dtype: str = "auto",
    to_train: bool = False,
) -> CausalLM:
    """Load any Hugging Face causal language model by hub id or local path.

    Args:
        name: e.g. ``EleutherAI/pythia-70m``, or a folder that ``save_pretrained`` wrote.
        device: CUDA where there is one, else the CPU, unless said.
        dtype: ``"float32"``, ``"bfloat16"``, or ``"auto"``: bfloat16 on CUDA, float32 on the CPU,
            where a loss then does not depend on its batch.
        to_train: keep the weights in float32 whatever the products are taken in, since small
            updates vanish in bfloat16.

    Raises:
        ModelNotFoundError: there is no such model here, it is not a causal language model, or its
            folder has no tokenizer.
        OptionError: another dtype.
        UsageError: its tokenizer has no end-of-sequence token.
    """
    if dtype not in ("auto", "float32", "bfloat16"):
        raise OptionError(
            f"dtype {dtype!r}: a language model computes in auto, float32 or bfloat16"
        )
    folder = model_folder(name)
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    silence_libraries()
    where = torch.device(device) if device else best_device()
    if dtype == "auto":
        dtype = "bfloat16" if where.type == "cuda" else "float32"
    stored = torch.bfloat16 if dtype == "bfloat16" and not to_train else torch.float32
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(
            str(folder), dtype=stored, local_files_only=True
        )
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ModelNotFoundError(
            f"{name}: cannot be loaded as a causal language model ({one_line(error)}); "
            "its folder must hold config.json, weights and tokenizer"
        ) from error
    require_vocabulary(tokenizer, name)
    return CausalLM(model.to(where).eval(), tokenizer, os.fspath(name), dtype)


def save_causal_lm(lm: CausalLM, folder: Path) -> None:
    """Write a model and its tokenizer as Hugging Face files; the folder appears whole.

    Adapters become part of the weights, of ``lm`` too.

    Raises:
        FileExistsError: the folder exists already.
    """
    if folder.exists():
        raise FileExistsError(f"{folder}: exists already; a saved model is never overwritten")
    draft = folder.with_name(f".{folder.name}.{os.getpid()}")
    silence_libraries()
    if lm.lora:
        lm.lora.merge()
    lm.model.save_pretrained(draft)
    lm.tokenizer.save_pretrained(draft)
    draft.rename(folder)


def lm_identity(name: str | os.PathLike[str], *, dtype: str) -> dict[str, Any]:
    """Return what decides a causal language model's numbers, from its files alone.

    The template is told by the tokenizer's chat template; the window (max length) is the caller's
    to add.

    Raises:
        ModelNotFoundError: there is no such model here.
    """
    template = template_identity(model_folder(name))
    return files_identity(name) | {"template": template, "dtype": dtype}


def template_identity(folder: Path) -> str:
    """Return :meth:`Template.identity` of a model in this folder, from its files alone."""
    import hashlib

    file = folder / "chat_template.jinja"
    text: Any
    if file.is_file():
        text = file.read_text(encoding="utf-8")
    else:
        text = read_json(folder / "tokenizer_config.json").get("chat_template")
    if isinstance(text, list):  # several named templates: the tokenizer takes the default one
        text = next((one["template"] for one in text if one.get("name") == "default"), None)
    if text:
        return f"chat:{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    return "alpaca"
