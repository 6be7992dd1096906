"""`novation demo`: one story that uses every part of the system, and its report."""
