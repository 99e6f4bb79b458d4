"""Faults of ours, as nobody expected them."""

from collections.abc import Callable
from typing import Any


def failing_once(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that fails when it is first called; from then on it is ``call``."""
    faults = [ZeroDivisionError("for a test")]

    def failing(*arguments: Any, **named: Any) -> Any:
        if faults:
            raise faults.pop()
        return call(*arguments, **named)

    return failing
