"""Page that imports a file of links, once it has said what would become of each line.

Rule: nothing is kept between the two. A small file goes along with the page of its verdicts and
comes back with its form; a larger one is chosen again. A digest tells whether it is the same.
"""

import base64
import binascii
import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BufferedReader, BytesIO
from typing import Any, ClassVar

import falcon
from falcon.media import MultipartFormHandler

from app.console.api.links.bulk.imports import MAX_DRY_RUN_BYTES
from app.console.api.links.bulk.turns import Turns
from app.console.api.links.bulk.upload import limit_silence, received
from app.console.api.problem import Problem
from app.console.api.rights import Rights, author_of, caller_of
from app.console.pages.links.making import VIA
from app.console.pages.site.browser import FORM_TOKEN
from app.console.pages.site.rendering import Site
from app.links.files.encoding import UnreadableFile
from app.links.files.rows import read_rows
from app.links.importer import Outcome, Rehearsal, Row, import_links
from app.links.json import NewLink
from app.links.precondition import Precondition
from app.links.store import LinkStore
from app.stores.redis.errors import RedisError

PATH = "/links/-/import"
#: The other fields of a form, and what stands between them.
_FORM_BYTES = 1 << 14
#: A file that a page carries.
_CARRIED_BYTES = 1 << 20
#: Verdicts of each kind that a page shows.
_SHOWN = 200


@dataclass(slots=True)
class _Verdicts:
    """What became, or would become, of a file's lines.

    Attributes:
        counts: of lines, by verdict.
        shown: the first of each verdict.
        read_as: columns that were taken for which of ours.
        left_out: columns that were taken for none.
        codeless: lines whose codes are made up.
        cut_short: why lines after those that are counted were not dealt with; '' if all were.
    """

    is_rehearsed: bool
    counts: Counter[str] = field(default_factory=Counter)
    shown: list[Outcome] = field(default_factory=list)
    read_as: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    codeless: set[int] = field(default_factory=set)
    cut_short: str = ""

    def watch(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield rows, and remember which name no code."""
        for row in rows:
            if isinstance(row.link, NewLink) and row.link.code is None:
                self.codeless.add(row.line)
            yield row

    def count(self, outcomes: Iterable[Outcome]) -> None:
        """Take all in; when Redis goes away in the middle, those before have happened."""
        try:
            for outcome in outcomes:
                self.counts[outcome.kind] += 1
                if self.counts[outcome.kind] <= _SHOWN:
                    self.shown.append(outcome)
        except RedisError as error:
            self.cut_short = str(error)


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
        with self._turns.turn():
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
                verdicts = self._import(req, file, is_meant="meant" in parts, updates=updates)
            except UnreadableFile as error:
                resp.status = falcon.HTTP_422
                fault = f"The file can't be read: {error}."
                self._show(req, resp, fault=fault, updates=updates)
                return
        if verdicts.cut_short:
            resp.status = falcon.HTTP_503
        is_small = verdicts.is_rehearsed and len(file) <= _CARRIED_BYTES
        carried = base64.b64encode(file).decode() if is_small else ""
        self._show(req, resp, verdicts=verdicts, updates=updates, digest=digest, carried=carried)

    def _import(
        self, req: falcon.Request, file: bytes, *, is_meant: bool, updates: bool
    ) -> _Verdicts:
        store, verdicts = self._links.by(author_of(req, VIA)), _Verdicts(not is_meant)
        rows = read_rows(
            BytesIO(file),
            on_unknown=verdicts.left_out.append,
            on_alias=verdicts.read_as.__setitem__,
            longest_array=MAX_DRY_RUN_BYTES,
        )
        outcomes = import_links(
            store,
            verdicts.watch(rows),
            shelf=None if is_meant else Rehearsal(store),
            changes_links=updates,
            only=Precondition(tags=caller_of(req).tags),
        )
        verdicts.count(outcomes)
        return verdicts

    def _show(self, req: falcon.Request, resp: falcon.Response, **given: Any) -> None:
        values = {
            "verdicts": None,
            "fault": "",
            "updates": False,
            "digest": "",
            "carried": "",
            "most_bytes": MAX_DRY_RUN_BYTES,
            **given,
        }
        self._site.show(req, resp, "import.html", **values)


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
