"""Models, and nothing else: encoders, causal language models, the proxy and its training. Torch lives here."""
