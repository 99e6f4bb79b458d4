"""Page that shows the outline of the interface."""

from collections.abc import Mapping
from typing import Any, ClassVar

import falcon

from app.console.api.rights import Rights
from app.console.pages.reference.outline import outline
from app.console.pages.site.rendering import Site

PATH = "/docs"


class Reference:
    """Shows what the interface can be asked, to whoever has signed in.

    Args:
        document: in OpenAPI 3.1.
        source: where that is.
    """

    rights: ClassVar[Rights] = {"GET": None}

    def __init__(self, site: Site, document: Mapping[str, Any], source: str) -> None:
        self._site = site
        self._outline = outline(document)
        self._source = source

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET."""
        url = f"{req.scheme}://{req.netloc}"
        self._site.show(
            req, resp, "reference.html", outline=self._outline, source=self._source, url=url
        )

    on_head = on_get
