"""Generated from `proto/novation/api/v1` by `proto/generate.py`; never edited by hand."""
