"""What a solver says for all values, where a test says it for the values tried."""
