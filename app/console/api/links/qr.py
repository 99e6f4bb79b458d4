"""Endpoints of a link's QR code: /api/v1/links/{code}/qr.svg and /qr.png."""

from hashlib import blake2b
from typing import ClassVar, Literal

import falcon

from app.console.api.links.showing import Showing
from app.console.api.problem import InvalidParameters
from app.console.api.rights import Rights
from app.links.store import LinkStore
from app.qr.code import QrCode
from app.qr.options import (
    PNG_OPTIONS,
    SVG_OPTIONS,
    InvalidOptions,
    read_options,
    too_little_contrast,
)

SVG_TYPE, PNG_TYPE = "image/svg+xml", "image/png"


class QrImage(Showing):
    """Draws the QR codes of links.

    Args:
        form: of the image.
    """

    rights: ClassVar[Rights] = {"GET": "links:read"}

    def __init__(self, links: LinkStore, link_base: str, form: Literal["svg", "png"]) -> None:
        super().__init__(links, link_base)
        self._form = form

    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Show the QR code of a link's short URL, whatever state the link is in."""
        short_url = self.short_url(self.seen_by(req, code))
        try:
            image = self._draw(req, short_url)
        except InvalidOptions as error:
            raise InvalidParameters(error.faults) from None
        etag = resp.etag = blake2b(image, digest_size=12).hexdigest()
        if not {etag, "*"}.isdisjoint(req.if_none_match or ()):
            resp.status = falcon.HTTP_304
            return
        resp.data = image
        resp.content_type = SVG_TYPE if self._form == "svg" else PNG_TYPE

    on_head = on_get

    def _draw(self, req: falcon.Request, short_url: str) -> bytes:
        names = SVG_OPTIONS if self._form == "svg" else PNG_OPTIONS
        options = read_options(req.params, names)
        if doubt := too_little_contrast(options):
            raise InvalidOptions({"dark" if "dark" in req.params else "light": doubt})
        drawn = QrCode(short_url, options)
        return drawn.svg() if self._form == "svg" else drawn.png()
