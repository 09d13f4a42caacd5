"""Source ``text_embeddings(...)``: the vector of a text, by the encoder of a pool's embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.errors import SignalError
from catalog.signals.coverage import Coverage

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.query.session import Session


def load_text_embeddings(
    session: Session, columns: frozenset[str] | None, *, signal: Coverage, text: str
) -> pa.Table:
    """Return one row: ``text`` and ``vector``, d numbers of float32.

    Args:
        session: where the query runs; it rests while the text is encoded.
        columns: the names in the query; without ``vector`` among them nothing is encoded.
        signal: the embedding.
        text: the text to encode.

    Raises:
        ModelNotFoundError: the encoder is not here.
        SignalError: the encoder of that name here is not the one of the embedding.
    """
    import pyarrow as pa

    rows = pa.table({"text": [text]})
    if columns is not None and "vector" not in columns:
        return rows
    session.release()  # a model computes, and keeps no writer waiting
    from catalog.models.encoder_identity import encoder_identity
    from catalog.models.query_encoder import encode_texts

    name = str(signal.identity["model"])
    identity = encoder_identity(name)
    changed = [key for key in identity if signal.identity.get(key) != identity[key]]
    if changed:
        raise SignalError(
            f"the encoder {name} here differs in {', '.join(changed)} from the one that embedded "
            f"the members: `catalog embed POOL --encoder {name}` embeds them with it"
        )
    vectors = encode_texts(name, [text], dtype=signal.identity.get("dtype", "float32"))  # (1, d)
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    return rows.append_column("vector", column)
