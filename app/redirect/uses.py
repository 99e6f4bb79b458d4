"""Counts the clicks of limited links: exactly, because one Redis counter decides for everybody."""

import hiredis

from app.keys import link_uses_key
from app.links import Link
from app.redirect.lookup import LookupUnavailable
from app.redirect.pipeline import Pipeline, PipelineError
from app.redirect.resp import encode_command


class Uses:
    """Spends the clicks of limited links; blocks the calling greenlet within the budget.

    A click is spent before the visitor is answered. If the answer of Redis comes too late, it is
    spent though the visitor was asked to come back: the limit errs towards fewer visits.
    """

    def __init__(self, pipeline: Pipeline, budget_seconds: float) -> None:
        self._pipeline = pipeline
        self._budget_seconds = budget_seconds

    def spend(self, link: Link, limit: int) -> bool:
        """Use up one click and tell whether it was still there to be used.

        Raises:
            LookupUnavailable: Redis is away or slow.
        """
        return self._ask(b"INCR", link) <= limit

    def are_left(self, link: Link, limit: int) -> bool:
        """Tell whether there are clicks left, using up none.

        Raises:
            LookupUnavailable: Redis is away or slow.
        """
        return self._ask(b"GET", link) < limit

    def _ask(self, verb: bytes, link: Link) -> int:
        command = encode_command(verb, link_uses_key(link.code).encode())
        if self._pipeline.oldest_age() > self._budget_seconds:
            raise LookupUnavailable("Redis is slow")
        try:
            return int(self._pipeline.call(command, self._budget_seconds) or 0)
        except (PipelineError, hiredis.ReplyError, ValueError) as error:
            raise LookupUnavailable(f"uses of {link.code!r}: {error}") from error
