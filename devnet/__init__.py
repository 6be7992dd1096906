"""The composition root: the `novation` command, the local chain, deployment and scenarios."""
