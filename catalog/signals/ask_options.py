"""Options of asking a model behind an endpoint."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.signals.options import Options, option


@dataclass(frozen=True, kw_only=True)
class AskOptions(Options):
    """Options of `catalog score` for judges; none of them changes a value."""

    endpoint: str | None = option(
        None,
        identity=None,
        help="judge: URL of an OpenAI-compatible API, such as http://localhost:8000/v1.",
    )
    concurrency: int = option(
        16, min=1, identity=None, help="judge: maximum number of requests at once."
    )
    timeout: float = option(
        120.0, min=0, is_min_open=True, identity=None, help="judge: seconds to wait for an answer."
    )
    api_key_env: str = option(
        "OPENAI_API_KEY", identity=None, help="judge: environment variable that holds the API key."
    )
    max_cost: str | None = option(
        None, identity=None, help="judge: maximum cost of this run, such as 20USD."
    )
    price_in: float | None = option(
        None, min=0, identity=None, help="judge: price of a million tokens of requests."
    )
    price_out: float | None = option(
        None, min=0, identity=None, help="judge: price of a million tokens of answers."
    )
    batch_out: str | None = option(
        None, identity=None, help="judge: write the requests to this OpenAI batch file, ask none."
    )
    batch_in: str | None = option(
        None, identity=None, help="judge: read the answers from this file of a finished batch."
    )
    label: str | None = option(
        None, identity=None, help="classifier: label whose probability is the score."
    )
