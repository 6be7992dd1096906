"""What a transaction does to the state.

`check_*` changes nothing; `apply_*` checks, and cannot fail after that.
"""
