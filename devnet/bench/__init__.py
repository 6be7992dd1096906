"""`novation bench`: measures on this machine what the design promises."""
