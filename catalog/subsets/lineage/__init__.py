"""Where a pool or subset comes from, and what was made from it: a graph, and its drawings."""
