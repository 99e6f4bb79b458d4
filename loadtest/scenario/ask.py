"""Request that a visitor sends, and which answers are right."""

from collections.abc import Mapping
from typing import NamedTuple

from loadtest.scenario.links import target

REDIRECT_STATUSES = (301, 302, 303, 307, 308)


class Ask(NamedTuple):
    """One request and what is right for an answer.

    Attributes:
        name: the path under which Locust groups it.
        statuses: those that are right.
    """

    code: str
    name: str
    headers: Mapping[str, str]
    method: str = "GET"
    suffix: str = ""
    statuses: tuple[int, ...] = REDIRECT_STATUSES

    @property
    def path(self) -> str:
        """The path that is asked for."""
        return f"/{self.code}{self.suffix}"

    @property
    def route(self) -> str:
        """The name in budget and report."""
        return f"{self.method} {self.name}"

    @property
    def may_click(self) -> bool:
        """Whether a redirect as the answer is a click, by Hopline's contract."""
        return self.method == "GET" and not self.suffix

    def fault(self, status: int, location: str | None) -> str:
        """Return what is wrong with an answer, or an empty text."""
        if status not in self.statuses:
            return f"status {status}"
        if status in REDIRECT_STATUSES and location != target(self.code):
            return "redirect to a wrong target"
        return ""
