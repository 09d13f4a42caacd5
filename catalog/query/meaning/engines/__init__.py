"""Selections in the SQL of other engines, over tables that the catalog writes as Parquet files.

Only a selection that reads stored columns can run elsewhere: a kernel computes here. A construct is
written for another engine only if it is known to have the same values and the same order there.
"""
