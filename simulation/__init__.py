"""A simulated market on the real state transition, run by the circuit too: START AT `market.py`."""
