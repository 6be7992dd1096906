"""Faults of the user or of the environment, shown in one line instead of a traceback."""


class UserError(Exception):
    """Something the user can put right; the message names the field, the limit and the value."""

    def __init__(self, message: str, exit_code: int = 2) -> None:
        """Keep what to print and the status to leave with."""
        super().__init__(message)
        self.exit_code = exit_code


class RevertedError(Exception):
    """L1 refused a transaction; the message is the contract's error with its values."""

    def __init__(self, reason: str, block_number: int = 0) -> None:
        """Keep the reason, and the block whose state it is about, if that is known."""
        super().__init__(reason)
        self.block_number = block_number
