"""Page that changes many links at once; it names how many before it does anything."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar
from urllib.parse import quote

import falcon

from app.console.api.rights import Rights, author_of, caller_of
from app.console.pages.links.listing import PATH as LIST
from app.console.pages.links.making import VIA
from app.console.pages.site.rendering import Site, see_other
from app.links.link import Link, LinkNotFound
from app.links.precondition import Precondition
from app.links.store import LinkStore
from app.links.validation import InvalidLink, read_tag

PATH = "/links/-/bulk"
#: What may be done, as the question and as its result say it.
_ACTS: Mapping[str, tuple[str, str]] = {
    "disable": ("Disable", "disabled"),
    "enable": ("Enable", "enabled"),
    "delete": ("Delete", "deleted"),
    "tag": ("Tag", "tagged"),
    "untag": ("Take the tag off", "untagged"),
}
#: As many as a form has fields for.
_MOST = 1_000


class BulkPage:
    """Does one thing with several links."""

    rights: ClassVar[Rights] = {"POST": "links:write"}

    def __init__(self, site: Site, links: LinkStore) -> None:
        self._site = site
        self._links = links

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Ask whether that many are meant, and do it once somebody has said so.

        Raises:
            falcon.HTTPSeeOther: it is done.
            falcon.HTTPBadRequest: there is no such act.
        """
        fields = self._site.form(req)
        codes = list(dict.fromkeys(fields.get("code", ())))[:_MOST]
        act = "".join(fields.get("act", [""])[:1])
        if act not in _ACTS:
            raise falcon.HTTPBadRequest(description=f"There is no act {act!r}.")
        if not codes:
            raise see_other(f"{LIST}?done={quote('No link was chosen.')}")
        tag, fault = _read_tag(fields, act)
        count = len(codes)
        if fault or fields.get("count") != [str(count)]:
            self._site.show(
                req,
                resp,
                "bulk.html",
                act=act,
                question=_ACTS[act][0],
                codes=codes,
                tag=tag,
                fault=fault,
            )
            return
        done, failed = self._change(req, codes, act, tag)
        text = f"{done:,} {'link' if done == 1 else 'links'} {_ACTS[act][1]}."
        if failed:
            text += f" Not these: {'; '.join(failed[:5])}{' and others' if failed[5:] else ''}."
        raise see_other(f"{LIST}?done={quote(text)}")

    def _change(
        self, req: falcon.Request, codes: list[str], act: str, tag: str
    ) -> tuple[int, list[str]]:
        """Change each link, and return how many were, and which weren't and why."""
        links, only = self._links.by(author_of(req, VIA)), Precondition(tags=caller_of(req).tags)
        done, failed = 0, []
        for code in codes:
            try:
                _one(links, act, tag, only)(code)
                done += 1
            except (LinkNotFound, InvalidLink) as error:
                failed.append(f"/{code} ({error})")
        return done, failed


def _one(links: LinkStore, act: str, tag: str, only: Precondition) -> Callable[[str], Link]:
    if act == "delete":
        return partial(links.delete, only=only)
    if act in ("tag", "untag"):

        def retag(code: str) -> Link:
            others = [each for each in links.get(code).tags if each != tag]
            tags = [*others, tag] if act == "tag" else others
            return links.update(code, {"tags": tags}, only=only)

        return retag
    return lambda code: links.update(code, {"disabled": act == "disable"}, only=only)


def _read_tag(fields: Mapping[str, list[str]], act: str) -> tuple[str, str]:
    """Return the tag of an act that takes one, and what is wrong with it."""
    given = "".join(fields.get("tag", [""])[:1]).strip()
    if act not in ("tag", "untag"):
        return "", ""
    try:
        tag = read_tag(given)
    except InvalidLink as error:
        return given, str(error)
    return tag, "" if tag else "say which tag"
