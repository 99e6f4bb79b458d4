"""Page that imports a file of links, once it has said what would become of each line.

Rule: nothing is kept between the two. A small file goes along with the page of its verdicts and
comes back with its form; a larger one is chosen again. A digest tells whether it is the same.
"""

import base64
import binascii
import hashlib
import os
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack
from io import BufferedReader, BytesIO
from itertools import chain, islice
from typing import Any, ClassVar, NamedTuple

import falcon
import orjson
from falcon.media import MultipartFormHandler

from app.console.api.links.bulk.imports import MAX_DRY_RUN_BYTES
from app.console.api.links.bulk.reply import NDJSON, Reply
from app.console.api.links.bulk.turns import Turns
from app.console.api.links.bulk.upload import limit_silence, received
from app.console.api.problem import Problem
from app.console.api.rights import Rights, author_of, caller_of
from app.console.pages.links.making import VIA
from app.console.pages.links.verdicts import Verdicts, refused_lines
from app.console.pages.site.browser import FORM_TOKEN
from app.console.pages.site.rendering import Site
from app.links.files.encoding import UnreadableFile
from app.links.files.rows import read_rows
from app.links.importer import Rehearsal, import_links
from app.links.precondition import Precondition
from app.links.store import LinkStore

PATH = "/links/-/import"
#: The other fields of a form, and what stands between them.
_FORM_BYTES = 1 << 14
#: A file that a page carries.
_CARRIED_BYTES = 1 << 20
#: What the page shows before there is a file.
_NOTHING_YET: Mapping[str, object] = {
    "verdicts": None,
    "fault": "",
    "updates": False,
    "digest": "",
    "carried": "",
    "refused": None,
    "most_bytes": MAX_DRY_RUN_BYTES,
}


class ImportPage:
    """Says what would become of a file's lines, and imports it once somebody wants that."""

    rights: ClassVar[Rights] = {"GET": "links:write", "POST": "links:write"}

    def __init__(self, site: Site, links: LinkStore) -> None:
        self._site = site
        self._links = links
        self._turns = Turns(1)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show the form."""
        self._show(req, resp)

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show verdicts on a file, or import it."""
        limit_silence(req)
        most = 2 * _CARRIED_BYTES + MAX_DRY_RUN_BYTES + _FORM_BYTES
        with ExitStack() as stack:
            stack.enter_context(self._turns.turn())
            with received(req, most) as body:
                parts = _read_parts(req, body)
            self._site.require_own_form(req, _text(parts, FORM_TOKEN))
            file, updates = _file(parts), "update" in parts
            digest = hashlib.sha256(file).hexdigest()
            fault = _fault(file, digest, _text(parts, "meant"))
            if fault:
                resp.status = falcon.HTTP_422
                self._show(req, resp, fault=fault, updates=updates)
                return
            try:
                self._import(req, resp, stack, Asked(file, "meant" in parts, updates, digest))
            except UnreadableFile as error:
                resp.status = falcon.HTTP_422
                fault = f"The file can't be read: {error}."
                self._show(req, resp, fault=fault, updates=updates)

    def _import(
        self, req: falcon.Request, resp: falcon.Response, stack: ExitStack, asked: "Asked"
    ) -> None:
        """Import a file, or rehearse that, and show verdicts once all is done.

        Whoever asks for it is told how far it is meanwhile.

        Args:
            stack: holds what the import needs; taken over if the answer goes on.

        Raises:
            UnreadableFile: nothing was done with it.
        """
        store, verdicts = self._links.by(author_of(req, VIA)), Verdicts(not asked.is_meant)
        source = BytesIO(asked.file)
        rows = read_rows(
            source,
            on_unknown=verdicts.left_out.append,
            on_alias=verdicts.read_as.__setitem__,
            longest_array=MAX_DRY_RUN_BYTES,
        )
        outcomes = import_links(
            store,
            verdicts.watch(rows),
            shelf=None if asked.is_meant else Rehearsal(store),
            changes_links=asked.updates,
            only=Precondition(tags=caller_of(req).tags),
        )
        counted = verdicts.counted(outcomes)
        # What can't be read at all says so at once.
        counted = chain(list(islice(counted, 1)), counted)
        if NDJSON in (req.get_header("Accept") or ""):
            lines = self._told(req, asked, verdicts, counted, source)
            stack.callback(lines.close)
            resp.stream = Reply(lines, stack.pop_all(), piece_bytes=1)
            resp.content_type = NDJSON
            # Proxies (nginx) are to send on what comes at once.
            resp.set_header("X-Accel-Buffering", "no")
            return
        deque(counted, maxlen=0)
        if verdicts.cut_short:
            resp.status = falcon.HTTP_503
        self._show(req, resp, **_values(asked, verdicts))

    def _told(
        self,
        req: falcon.Request,
        asked: "Asked",
        verdicts: Verdicts,
        counted: Iterator[int],
        source: BytesIO,
    ) -> Generator[bytes, None, None]:
        """Yield how far it is, a JSON object a line, and as the last one the page with verdicts."""
        try:
            for _ in counted:
                part = 1.0 if source.closed else source.tell() / len(asked.file)
                yield _line({"part": part, "counts": dict(verdicts.counts)})
        except GeneratorExit:
            # Whoever looks away meant it all the same.
            if asked.is_meant:
                deque(counted, maxlen=0)
            raise
        values = {**_NOTHING_YET, **_values(asked, verdicts)}
        yield _line({"page": self._site.render(req, "import.html", **values)})

    def _show(self, req: falcon.Request, resp: falcon.Response, **given: Any) -> None:
        self._site.show(req, resp, "import.html", **{**_NOTHING_YET, **given})


class Asked(NamedTuple):
    """A file, and what is to be done with it.

    Attributes:
        is_meant: whether it is imported, and not only looked at.
        updates: whether links that are there are changed.
        digest: of the file.
    """

    file: bytes
    is_meant: bool
    updates: bool
    digest: str


def _values(asked: Asked, verdicts: Verdicts) -> dict[str, object]:
    """Return what the page shows of verdicts on a file."""
    is_small = verdicts.is_rehearsed and len(asked.file) <= _CARRIED_BYTES
    carried = base64.b64encode(asked.file).decode() if is_small else ""
    return {
        "verdicts": verdicts,
        "updates": asked.updates,
        "digest": asked.digest,
        "carried": carried,
        "refused": refused_lines(verdicts, asked.file),
    }


def _line(told: Mapping[str, object]) -> bytes:
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def _read_parts(req: falcon.Request, body: BufferedReader) -> dict[str, bytes]:
    """Return the parts of a form that carries a file (RFC 7578), by name.

    Raises:
        Problem: it is of another type, or can't be read.
    """
    given = req.content_type or ""
    if given.partition(";")[0].strip().lower() != falcon.MEDIA_MULTIPART:
        raise Problem("unsupported-content-type", f"Send {falcon.MEDIA_MULTIPART}, not {given!r}.")
    length = os.fstat(body.fileno()).st_size
    try:
        form = MultipartFormHandler().deserialize(body, given, length)
        return {part.name or "": part.stream.read() for part in form}
    except (falcon.HTTPError, ValueError, LookupError) as error:
        detail = getattr(error, "description", None) or str(error)
        raise Problem("invalid-body", f"The form can't be read: {detail}.") from None


def _text(parts: Mapping[str, bytes], name: str) -> str:
    return parts.get(name, b"").decode("utf-8", "replace")


def _file(parts: Mapping[str, bytes]) -> bytes:
    """Return the file of a form, which was chosen or came along with a page."""
    if chosen := parts.get("file"):
        return chosen
    try:
        return base64.b64decode(parts.get("carried", b""), validate=True)
    except binascii.Error:
        return b""


def _fault(file: bytes, digest: str, meant: str) -> str:
    """Return why nothing is done with a file; '' if it is."""
    if not file:
        return "Choose a file that isn't empty."
    if len(file) > MAX_DRY_RUN_BYTES:
        return (
            f"The file takes more than {MAX_DRY_RUN_BYTES:,} bytes: send it in parts, or import it"
            " with `hopline links import`."
        )
    if meant and meant != digest:
        return "That is another file than the one that was looked at: look at it first."
    return ""
