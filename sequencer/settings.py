"""Checks of what an operator sets: a wrong value is refused at the start, with its name."""


def check_setting(name: str, value: object, low: int, high: int) -> None:
    """Raise a ValueError unless a setting is an integer from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} {value!r}, must be an integer from {low} to {high}")
