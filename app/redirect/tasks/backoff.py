"""Backoff that spaces the tries to connect."""

_FIRST_SECONDS = 0.02
_LONGEST_SECONDS = 0.5


def backoff_seconds(failures: int, chance: float) -> float:
    """Return how long to wait after some failures in a row; ``chance`` is from 0 up to 1.

    Jittered, so that the workers of many hosts don't return to a restarted server all at once.
    """
    longest: float = min(_FIRST_SECONDS * 2 ** min(failures, 16), _LONGEST_SECONDS)
    return longest * (0.5 + chance / 2)
