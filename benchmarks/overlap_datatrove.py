"""datatrove's n-gram decontamination of texts for `overlap.py`, in an environment of its own.

Reads ``{"n": 13, "texts": [...], "tests": [...]}`` as JSON from standard input. The index is what
its `NGramsDecontIndexer` computes of each test item, without the harness that it otherwise reads
items from. Writes the positions of the texts that its filter removes, and the processor seconds.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.decont.n_grams import NGramsDecontConfig, NGramsDecontFilter
from datatrove.utils.text import ngrams, simplify_text


def main() -> None:
    asked = json.load(sys.stdin)
    started = time.process_time()
    folder = Path(tempfile.mkdtemp())
    config = NGramsDecontConfig(n_grams=asked["n"])
    step = NGramsDecontFilter(str(folder), config)
    hashes = set()
    for test in asked["tests"]:
        words = step.tokenizer.word_tokenize(simplify_text(test, config.norm_config))
        hashes |= {step.hash_func(" ".join(each)) for each in ngrams(words, config.n_grams)}
    values = np.array(sorted(hashes), dtype=config.hash_config.np_descr)
    values.tofile(folder / "tests.index.hashes")
    removed = []
    for place, text in enumerate(asked["texts"]):
        if step.filter(Document(text=text, id=str(place))) is not True:
            removed.append(place)
    seconds = time.process_time() - started
    answer = {"removed": removed, "seconds": seconds, "version": version("datatrove")}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
