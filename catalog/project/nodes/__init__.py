"""Nodes of a project: each is one call of the catalog, with the identities of its inputs."""
