"""Two runs of one Cairo function with the same inputs and different outputs must not exist."""
