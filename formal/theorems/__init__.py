"""Statements about the protocol's arithmetic, for all values, each with faults that break it."""
