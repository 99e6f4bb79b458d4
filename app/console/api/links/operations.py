"""What the document of the interface says of the resources of links."""

from typing import get_args

from app.console.api.if_match import IF_MATCH
from app.console.api.links.models import (
    LinkPage,
    LinkPatch,
    LinkReplacement,
    LinkView,
    NewLink,
    VersionPage,
)
from app.console.api.links.paging import DEFAULT_LIMIT, MAX_LIMIT, MAX_TEXT, ORDERS
from app.console.api.links.qr import PNG_TYPE, SVG_TYPE
from app.console.api.operation import IDEMPOTENCY_KEY, Image, Operation, Operations, Parameter
from app.links.index.question import SORTS
from app.links.link import State
from app.qr.colours import TRANSPARENT
from app.qr.options import LEVELS, MAX_MARGIN, MAX_SCALE, SOURCES, QrOptions

_CODE = Parameter("code", "path", "The link's short code.")
_ONLY_NEW = Parameter(
    "If-None-Match", "header", "* makes a link only where there is none.", {"const": "*"}
)
_ETAG = {"ETag": "The link's version, for If-Match."}
_LOCATION = {**_ETAG, "Location": "Where the new link is."}
_GONE = ("link-not-found", "link-deleted")
_CHANGING = (*_GONE, "link-changed", "link-contended", "invalid-parameter")
_READING = ("invalid-body", "invalid-link", "body-too-large", "unsupported-content-type")
_LIMIT = Parameter(
    "limit",
    "query",
    "Most of a page.",
    {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
)
_NEXT = {"Link": 'The next page, rel="next", if there is one.'}

LINKS: Operations = {
    "GET": Operation(
        parameters=(
            Parameter("tag", "query", "Only links with one of these tags, commas between them."),
            Parameter("tag_all", "query", "Only links with all of these tags."),
            Parameter("tag_none", "query", "Only links with none of these tags."),
            Parameter(
                "state",
                "query",
                "Only links in this state; without it all but deleted ones.",
                {"enum": [*get_args(State), ""]},
            ),
            Parameter(
                "q",
                "query",
                "Only links with this text in code, target or title.",
                {"type": "string", "maxLength": MAX_TEXT},
            ),
            Parameter(
                "sort",
                "query",
                "What is sorted by. Links that are clicked meanwhile move between pages: all of"
                " them come by created_at and code alone.",
                {"enum": list(SORTS), "default": SORTS[0]},
            ),
            Parameter(
                "order",
                "query",
                "Which end comes first: the greatest, but of codes the least, by default.",
                {"enum": list(ORDERS)},
            ),
            Parameter("include", "query", "What to show besides.", {"enum": ["clicks"]}),
            _LIMIT,
            Parameter("cursor", "query", "next_cursor of the page before, for the same filters."),
        ),
        answers={200: LinkPage},
        headers=_NEXT,
        problems=("invalid-parameter", "index-not-ready"),
    ),
    "POST": Operation(
        parameters=(IDEMPOTENCY_KEY,),
        body=NewLink,
        answers={201: LinkView},
        headers=_LOCATION,
        problems=(
            *_READING,
            *("code-taken", "invalid-parameter", "idempotency-key-reused"),
            "idempotency-key-in-use",
        ),
    ),
}

ONE_LINK: Operations = {
    "GET": Operation((_CODE,), answers={200: LinkView}, headers=_ETAG, problems=_GONE),
    "PATCH": Operation(
        (_CODE, IF_MATCH),
        body=LinkPatch,
        media_types=("application/merge-patch+json", "application/json"),
        answers={200: LinkView},
        headers=_ETAG,
        problems=(*_READING, *_CHANGING),
    ),
    "PUT": Operation(
        (_CODE, IF_MATCH, _ONLY_NEW),
        body=LinkReplacement,
        answers={200: LinkView, 201: LinkView},
        headers=_LOCATION,
        problems=(*_READING, *_CHANGING),
    ),
    "DELETE": Operation((_CODE, IF_MATCH), answers={204: None}, problems=_CHANGING),
}

SWITCH: Operations = {
    "POST": Operation((_CODE, IF_MATCH), answers={200: LinkView}, headers=_ETAG, problems=_CHANGING)
}

HISTORY: Operations = {
    "GET": Operation(
        (_CODE, _LIMIT, Parameter("cursor", "query", "next_cursor of the page before.")),
        answers={200: VersionPage},
        headers=_NEXT,
        problems=("link-not-found", "link-contended", "invalid-parameter"),
    )
}

RESTORE: Operations = {
    "POST": Operation(
        (_CODE, Parameter("version", "path", "Of the link's history."), IF_MATCH),
        answers={200: LinkView},
        headers=_ETAG,
        problems=(
            *("link-not-found", "version-not-found", "version-not-restorable", "invalid-link"),
            *("link-changed", "link-contended", "invalid-parameter"),
        ),
    )
}

_BY_DEFAULT = QrOptions()
_COLOUR = "#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})"
_QR_PARAMETERS = (
    _CODE,
    Parameter(
        "If-None-Match", "header", "ETags of images that the client has; answered by 304 if so."
    ),
    Parameter(
        "level",
        "query",
        "How much of the code may be unreadable, at least: 7, 15, 25 or 30 %.",
        {"enum": list(LEVELS), "default": _BY_DEFAULT.level},
    ),
    Parameter(
        "margin",
        "query",
        "Modules around the code; the standard wants 4.",
        {"type": "integer", "minimum": 0, "maximum": MAX_MARGIN, "default": _BY_DEFAULT.margin},
    ),
    Parameter(
        "dark",
        "query",
        "Colour of the modules that are set.",
        {"type": "string", "pattern": f"^{_COLOUR}$", "default": _BY_DEFAULT.dark},
    ),
    Parameter(
        "light",
        "query",
        "Colour of all others.",
        {"type": "string", "pattern": f"^({_COLOUR}|{TRANSPARENT})$", "default": _BY_DEFAULT.light},
    ),
    Parameter(
        "source",
        "query",
        "What the address names as utm_source, by which scans are told from other visits.",
        {"enum": list(SOURCES)},
    ),
)
_SCALE = Parameter(
    "scale",
    "query",
    "Pixels of a module's side.",
    {"type": "integer", "minimum": 1, "maximum": MAX_SCALE, "default": _BY_DEFAULT.scale},
)


def _qr(media_type: str, *more: Parameter) -> Operations:
    return {
        "GET": Operation(
            (*_QR_PARAMETERS, *more),
            answers={200: Image(media_type), 304: None},
            headers={"ETag": "The image's version, for If-None-Match."},
            problems=(*_GONE, "invalid-parameter"),
        )
    }


QR_SVG, QR_PNG = _qr(SVG_TYPE), _qr(PNG_TYPE, _SCALE)
