"""Models: the only layer that imports torch.

On the CPU, torch's threads (GNU OpenMP) meet after every operation. By default they spin for
milliseconds while they wait, which takes the cores from whatever else the machine does: training
beside one busy program ran five to twenty times slower. Sleeping at once costs a third of the speed
on an idle machine. A short spin of some microseconds keeps most of both; ``GOMP_SPINCOUNT`` or
``OMP_WAIT_POLICY`` in the environment decide instead, and must be there before torch starts, hence
here.
"""

import os

if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "3000")
