"""A database-backed catalog for supervised-fine-tuning data: pools, signals, selections as SQL, versioned subsets.

>>> from catalog import Catalog
>>> Catalog.open("somewhere").home.path.name
'somewhere'
"""

from catalog.catalog import Catalog
from catalog.errors import CatalogError

__all__ = ["Catalog", "CatalogError"]
