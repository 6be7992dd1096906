"""The oracle network's side of prices: a node that watches venues, signs what it saw, keeps it.

`node.py` puts the parts together. `aggregation.py` makes one price out of several sources and is
pure; `sources/` asks venues; `archive.py` and `signed_state.py` hold what must survive a restart.
docs/spec/oracle.md says what a node promises.
"""
