"""Caller that a request comes from: its name, what it may do, and which links it sees."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Scope = Literal[
    "links:read",
    "links:write",
    "stats:read",
    "clicks:read",
    "webhooks",
    "system:read",
    "admin",
]
#: What a key may be given; ``admin`` may do everything.
SCOPES: tuple[Scope, ...] = get_args(Scope)
#: What tells of all links at once, so that a restriction to some of them can't hold.
UNRESTRICTED: frozenset[Scope] = frozenset(("system:read", "admin"))
#: What can be asked in the language of YOURLS: links made, found and counted, and none changed.
YOURLS_SCOPES: frozenset[Scope] = frozenset(("links:read", "links:write", "stats:read"))


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks.

    Attributes:
        id: of the key, or one word for those that need none.
        name: for people.
        scopes: what it may do.
        tags: of which a link has to carry one to be seen; none for all links.
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    tags: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether it is here itself, or has sent something: not whoever something asks for."""
        return self != GO_BETWEEN

    def may(self, scope: Scope) -> bool:
        """Tell whether it has the right."""
        return scope in self.scopes or "admin" in self.scopes

    def sees(self, tags: Iterable[str]) -> bool:
        """Tell whether it may see a link that carries these tags."""
        return not self.tags or not set(self.tags).isdisjoint(tags)


_ADMIN: frozenset[Scope] = frozenset(("admin",))

#: Who is let in everywhere, to signs of life for one.
NOBODY = Caller("nobody", "nobody in particular", frozenset())
#: Who sends the token that stands in the settings.
TOKEN_HOLDER = Caller("token", "the console's token", _ADMIN)
#: Who sends the metrics' token to the metrics.
METRICS_READER = Caller("metrics", "the metrics' token", frozenset(("system:read",)))
#: Everybody on this machine, as long as there are neither keys nor a token.
ANYBODY = Caller("local", "anybody on this machine", _ADMIN)
#: Whoever else something of this machine asks for then: a proxy, or a browser for a page of
#: another site.
GO_BETWEEN = Caller(
    "go-between",
    "anybody for whom something of this machine asks",
    frozenset(("links:read", "stats:read", "clicks:read", "system:read")),
)
