"""The verbs of the catalog, by what they are about; `catalog.catalog.Catalog` has them all."""
