"""Sealed batches in, proofs out. Start reading at `prover.pipeline`."""
