"""Rights that a resource of the interface declares: which scope each of its methods takes.

    class Links:
        rights: ClassVar[Rights] = {"GET": "links:read", "POST": "links:write"}

:class:`app.console.middleware.EnforceRights` holds callers to it. Which links a caller sees is the
resource's to ask: :meth:`app.keys.caller.Caller.sees`.
"""

from collections.abc import Mapping

import falcon

from app.changes.author import Author
from app.keys.caller import Caller, Scope

#: Scopes by HTTP method, None for whoever is let in; HEAD takes that of GET.
Rights = Mapping[str, Scope | None]


def caller_of(req: falcon.Request) -> Caller:
    """Return who asks."""
    caller: Caller = req.context.caller
    return caller


def author_of(req: falcon.Request, via: str = "http") -> Author:
    """Return whose changes those are that a request makes, and by what."""
    caller = caller_of(req)
    return Author(f"key:{caller.id}", via, caller.name, req.context.request_id)
