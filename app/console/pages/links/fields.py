"""Fields of the forms that make and change links, as a browser sends them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import unquote_plus, urlencode, urlsplit, urlunsplit

from app.links.link import Link
from app.times import EPOCH

#: Fields that are texts, as :class:`app.links.validation.LinkOptions` reads them.
_TEXTS = ("target", "title", "tags", "status", "expires_at", "click_limit", "cache_control")
#: A browser sends a box that isn't ticked by not naming it.
_BOXES = ("forward_query",)
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
STATUSES: Mapping[int, str] = {
    301: "301 moved for good; browsers remember it, and clicks may go uncounted",
    302: "302 found; every click comes by here",
    303: "303 see other",
    307: "307 temporary, keeps the method",
    308: "308 for good, keeps the method",
}


@dataclass(frozen=True, slots=True)
class LinkForm:
    """What a form holds, as texts; it is shown again as it was sent where something is wrong."""

    texts: Mapping[str, str]

    @classmethod
    def empty(cls) -> "LinkForm":
        """Return the form of a new link."""
        return cls({**dict.fromkeys((*_TEXTS, *_BOXES, *UTM, "code"), ""), "status": "302"})

    @classmethod
    def sent(cls, fields: Mapping[str, Sequence[str]]) -> "LinkForm":
        """Return what a browser has sent; a field that isn't there is as in a new link's form."""
        given = {name: texts[0] for name, texts in fields.items() if texts}
        held = cls.empty().texts
        return cls({name: given.get(name, text) for name, text in held.items()})

    @classmethod
    def of(cls, link: Link) -> "LinkForm":
        """Return the form that changes a link."""
        expires = link.expires_at
        return cls(
            {
                **cls.empty().texts,
                "code": link.code,
                "target": link.target,
                "title": link.title,
                "tags": ", ".join(link.tags),
                "status": str(link.status),
                "expires_at": "" if expires is None else _moment(expires),
                "click_limit": "" if link.click_limit is None else str(link.click_limit),
                "cache_control": link.cache_control or "",
                "forward_query": "on" if link.forward_query else "",
            }
        )

    @property
    def code(self) -> str | None:
        """The chosen code, None for one made up."""
        return self.texts["code"].strip() or None

    @property
    def options(self) -> dict[str, object]:
        """What is said of the link."""
        found: dict[str, object] = {name: self.texts[name] for name in (*_TEXTS, *_BOXES)}
        found["target"] = self._target()
        return found

    @property
    def is_built(self) -> bool:
        """Whether a campaign's parameters are to be added to the target."""
        return any(self.texts[name].strip() for name in UTM)

    def _target(self) -> str:
        """Return the target with the parameters of the campaign that was built."""
        target = self.texts["target"].strip()
        built = [(name, self.texts[name].strip()) for name in UTM if self.texts[name].strip()]
        if not built:
            return target
        try:
            parts = urlsplit(target)
        except ValueError:
            # It is refused with the right words further on.
            return target
        # What is there already stays as it was written: to its site it may mean something.
        kept = [pair for pair in parts.query.split("&") if pair and _name(pair) not in dict(built)]
        return urlunsplit(parts._replace(query="&".join([*kept, urlencode(built)])))


def _name(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0])


def _moment(seconds: int) -> str:
    time = EPOCH + timedelta(seconds=seconds)
    return f"{time:%Y-%m-%dT%H:%MZ}" if seconds % 60 == 0 else f"{time:%Y-%m-%dT%H:%M:%SZ}"
