"""Table functions: relation in, relation out; one file, one function, one name.

Every module of this folder without a leading underscore is a kernel: a function of the module's
name under `kernel`. `catalog.query.kernels` finds them by their file names.
"""

from catalog.kernels._decorator import Kernel, kernel

__all__ = ["Kernel", "kernel"]
