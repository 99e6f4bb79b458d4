"""Assets that pages load: scripts, styles and images, under names that change with what is in them.

Rule: all lie in one folder, named by a digest of everything, so that scripts find each other by
      plain names; who has one may keep it for ever. They are compressed once a process, when the
      console starts.
"""

import gzip
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import falcon

#: Where they lie on disk, and under which path they are served.
_FOLDER = Path(__file__).parent.parent.parent / "static"
PREFIX = "/-/static/"
PATH = PREFIX + "{digest}/{name}"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_FOR_EVER = "public, max-age=31536000, immutable"


class Asset(NamedTuple):
    """A file as it is served, plain and compressed."""

    media_type: str
    plain: bytes
    compressed: bytes


class Assets:
    """Serves the files of a folder."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._files = dict(_read(folder))
        whole = blake2b(digest_size=8)
        for name, asset in self._files.items():
            whole.update(name.encode() + b"\0" + asset.plain)
        self._digest = whole.hexdigest()

    def url(self, name: str) -> str:
        """Return where a file is served; what isn't there is a mistake of ours (KeyError)."""
        self._files[name]
        return f"{PREFIX}{self._digest}/{name}"

    def on_get(self, req: falcon.Request, resp: falcon.Response, digest: str, name: str) -> None:
        """Answer GET.

        Raises:
            falcon.HTTPNotFound: there is no such file, or not in this version.
        """
        asset = self._files.get(name)
        if asset is None or digest != self._digest:
            raise falcon.HTTPNotFound(description="This version of the console has no such file.")
        resp.content_type = asset.media_type
        resp.set_header("Vary", "Accept-Encoding")
        resp.context.cache_control = _FOR_EVER
        if accepts_gzip(req):
            resp.set_header("Content-Encoding", "gzip")
            resp.data = asset.compressed
        else:
            resp.data = asset.plain

    on_head = on_get


def accepts_gzip(req: falcon.Request) -> bool:
    """Tell whether a client reads gzip (RFC 9110 §12.5.3); a weight of 0 says no."""
    for part in (req.get_header("Accept-Encoding") or "").lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _read(folder: Path) -> Iterator[tuple[str, Asset]]:
    for path in sorted(folder.iterdir()):
        if media_type := _TYPES.get(path.suffix):
            plain = path.read_bytes()
            yield path.name, Asset(media_type, plain, _compressed(plain))


@lru_cache(maxsize=64)
def _compressed(plain: bytes) -> bytes:
    return gzip.compress(plain, 9, mtime=0)
