"""What an operator can put right, in one line."""


class OracleError(Exception):
    """A file or setting that does not do; the message names the field, its value and the limit."""
