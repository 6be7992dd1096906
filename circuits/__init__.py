"""The batch program: compile it, give it a batch, run it, and write what a prover needs."""
