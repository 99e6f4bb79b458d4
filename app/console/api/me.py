"""Endpoint that tells a caller who it is: GET /api/v1/me."""

from typing import ClassVar

import falcon
from pydantic import BaseModel

from app.console.api.operation import Operation, Operations
from app.console.api.rights import Rights, caller_of

PATH = "/api/v1/me"


class CallerView(BaseModel):
    """Who asks, by which key, and what that may do."""

    id: str
    name: str
    scopes: list[str]
    tags: list[str]


ME: Operations = {"GET": Operation(answers={200: CallerView})}


class Me:
    """Answers with what a caller may do, so that a program can see whether its key will do."""

    rights: ClassVar[Rights] = {"GET": None}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Tell who asks, and what that one may do."""
        caller = caller_of(req)
        resp.media = {
            "id": caller.id,
            "name": caller.name,
            "scopes": sorted(caller.scopes),
            "tags": list(caller.tags),
        }

    on_head = on_get
