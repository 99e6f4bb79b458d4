"""Log lines that a flood or a long outage may repeat: the first is written, later ones are not."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class ThrottledLog:
    """Writes at most one line per kind and interval, with the number of those left out."""

    def __init__(
        self,
        logger: logging.Logger,
        *,
        interval_seconds: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger = logger
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._last_written: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def info(self, kind: str, text: str, *args: object) -> None:
        """Write a line that is no reason for concern; as :meth:`warning`."""
        self._write(logging.INFO, kind, text, args)

    def warning(self, kind: str, text: str, *args: object) -> None:
        """Write the line, or count it if one of its kind was written within the interval.

        Args:
            kind: a short, stable name; one of few, since each is remembered.
            text: as for :meth:`logging.Logger.warning`.
        """
        self._write(logging.WARNING, kind, text, args)

    def exception(self, kind: str, text: str, *args: object, request_id: str = "") -> None:
        """Write a line with the traceback of the exception at hand; as :meth:`warning`."""
        self._write(logging.ERROR, kind, text, args, request_id)

    def _write(
        self, level: int, kind: str, text: str, args: tuple[object, ...], request_id: str = ""
    ) -> None:
        now = self._clock()
        last = self._last_written.get(kind)
        if last is not None and now - last < self._interval_seconds:
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return
        self._last_written[kind] = now
        if left_out := self._left_out.pop(kind, 0):
            text, args = f"{text} (and %d times before)", (*args, left_out)
        self._logger.log(
            level,
            text,
            *args,
            exc_info=level == logging.ERROR,
            extra={"request_id": request_id},
        )


class OutageLog:
    """Writes why something failed once, and again only after it has worked.

    Args:
        text: the line, with a place for the error.
        errors: what means that it failed; whatever else is raised goes through.
    """

    def __init__(self, logger: logging.Logger, text: str, *errors: type[Exception]) -> None:
        self._logger = logger
        self._text = text
        self._errors = errors
        self._fails = False

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Try it inside the ``with`` block, which ends at a failure."""
        try:
            yield
        except self._errors as error:
            if not self._fails:
                self._logger.warning(self._text, error)
            self._fails = True
        else:
            self._fails = False
