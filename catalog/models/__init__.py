"""Models, and nothing else: encoders, causal language models, the proxy and its training. Torch lives here."""

import os

# Torch's CPU threads wait for each other by spinning. Where another process wants a core, they spin through its time slice: measured
# with two threads on two busy cores, embedding then takes two to five times as long. Sleeping instead costs little on an idle
# machine. OpenMP reads this once, when torch is first imported; who has set it, keeps it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
