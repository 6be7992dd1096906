"""The groups of the `novation` command."""
