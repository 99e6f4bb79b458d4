"""Models of the bodies that links are sent and shown in: names, types and what OpenAPI says.

Rule: what a value of the right type may be is checked by
:class:`app.links.validation.LinkOptions` alone, as for the command and for files. Numbers here only
tell of it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.changes.change import What
from app.links.codes import MAX_LENGTH
from app.links.link import REDIRECT_STATUSES, Link, State
from app.links.targets import MAX_BYTES
from app.links.validation import (
    MAX_CACHE_CONTROL,
    MAX_CLICK_LIMIT,
    MAX_TAG,
    MAX_TAGS,
    MAX_TITLE,
    UNKNOWN,
    InvalidLink,
)

#: How a value that isn't there stands in a link.
_DEFAULTS: Mapping[str, object] = {
    name: Link.__dataclass_fields__[name].default
    for name in ("status", "forward_query", "tags", "title", "disabled")
}
_WORDS = {
    "string_type": "is no text",
    "int_type": "is no whole number",
    "bool_type": "is neither true nor false",
    "list_type": "is no list",
}
_SHOWN = 60


def _field(description: str, **schema: Any) -> Any:
    return Field(description=description, json_schema_extra=schema)


Target = Annotated[
    str,
    _field(
        "Where the link leads: an absolute http or https URL.",
        maxLength=MAX_BYTES,
        examples=["https://example.com/a?b=c"],
    ),
]
Code = Annotated[
    str,
    _field(
        "The short code; one is made up where none is given.",
        pattern="^[A-Za-z0-9_][A-Za-z0-9_-]*$",
        maxLength=MAX_LENGTH,
        examples=["sale"],
    ),
]
Status = Annotated[
    int, _field("Status of the redirect.", enum=list(REDIRECT_STATUSES), examples=[302])
]
Expires = Annotated[
    str | int | None,
    _field(
        "From when on the link answers 410: a time, an amount ahead, or Unix seconds.",
        examples=["2030-01-01T00:00:00Z", "30d", 1893456000],
    ),
]
ClickLimit = Annotated[
    int | None,
    _field("Clicks after which the link answers 410.", minimum=1, maximum=MAX_CLICK_LIMIT),
]
ForwardQuery = Annotated[bool, _field("Whether a visit's query is added to the target's.")]
CacheControl = Annotated[
    str | None,
    _field("Cache-Control of the redirect, or null for ours.", maxLength=MAX_CACHE_CONTROL),
]
Tags = Annotated[
    list[Annotated[str, _field("Letters, digits and -_.:/", maxLength=MAX_TAG)]],
    _field("Tags; kept sorted and in lower case.", maxItems=MAX_TAGS, examples=[["summer"]]),
]
Title = Annotated[str, _field("What people call the link.", maxLength=MAX_TITLE)]
Disabled = Annotated[bool, _field("Whether the link answers 410 until it is enabled.")]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Body(BaseModel):
    """A body that is read: nothing but its fields, and each of its own type."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)


class _Terms(Body):
    status: Status = 302
    expires_at: Expires = None
    click_limit: ClickLimit = None
    forward_query: ForwardQuery = False
    cache_control: CacheControl = None
    tags: Tags = []
    title: Title = ""
    disabled: Disabled = False


class LinkReplacement(_Terms):
    """A link as a whole; what is left out is as by default."""

    target: Target


class NewLink(LinkReplacement):
    """A link that shall be made."""

    code: Code | None = None


class LinkPatch(Body):
    """What shall change of a link (RFC 7396): null takes a value away, what is left out stays."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    target: Target = ""
    status: Status | None = None
    expires_at: Expires = None
    click_limit: ClickLimit = None
    forward_query: ForwardQuery | None = None
    cache_control: CacheControl = None
    tags: Tags | None = None
    title: Title | None = None
    disabled: Disabled | None = None


class LinkTerms(BaseModel):
    """A link as it is kept."""

    model_config = ConfigDict(extra="forbid")

    code: str
    target: str
    status: Literal[301, 302, 303, 307, 308]
    expires_at: Moment | None
    click_limit: int | None
    forward_query: bool
    cache_control: str | None
    tags: list[str]
    title: str
    disabled: bool
    deleted: bool
    created_at: Moment
    updated_at: Moment


class LinkView(LinkTerms):
    """A link as it is shown."""

    short_url: str
    state: State
    uses: Annotated[int, _field("Clicks of its limit that are used.")]


class ListedLink(LinkView):
    """A link in a list; clicks are there where they are asked for, null if nobody knows them."""

    clicks: int | None = None
    last_click_at: Moment | None = None


class LinkPage(BaseModel):
    """A part of the list of links; clicks_as_of says when clicks were counted, if asked for."""

    model_config = ConfigDict(extra="forbid")

    data: list[ListedLink]
    clicks_as_of: Moment | None = None
    next_cursor: Annotated[
        str | None, _field("What to ask for next as cursor; null at the end of the list.")
    ]


class VersionView(BaseModel):
    """What a link was, since a change; what nobody knows of the change is null."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[str, _field("Its id, to restore it by.")]
    made_at: Moment
    what: What | None
    who: str | None
    name: str | None
    via: str | None
    request_id: str | None
    was: Annotated[dict[str, Any], Field(alias="from")]
    to: dict[str, Any]
    link: LinkTerms


class VersionPage(BaseModel):
    """A part of the history of a link, newest version first."""

    model_config = ConfigDict(extra="forbid")

    data: list[VersionView]
    next_cursor: Annotated[
        str | None, _field("What to ask for next as cursor; null at the end of the history.")
    ]


#: States that a link in a list can have, if deleted ones aren't asked for.
STATES: Sequence[str] = [state for state in get_args(State) if state != "deleted"]


def require(
    model: type[Body], given: Mapping[str, object], check: Callable[[Mapping[str, object]], object]
) -> None:
    """Require that every value has the type that a model says.

    Args:
        check: raises InvalidLink for values of the right type that won't do, so that all that is
            wrong is named at once.

    Raises:
        InvalidLink: naming all fields that can't be used.
    """
    try:
        model.model_validate(given)
    except ValidationError as error:
        faults = _faults(error)
        if not faults:
            return
        try:
            check({name: value for name, value in given.items() if name not in faults})
        except InvalidLink as invalid:
            faults = {**invalid.faults, **faults}
        raise InvalidLink.of(faults) from None


def without_nulls(patch: Mapping[str, object]) -> dict[str, object]:
    """Return a patch with, in place of null, what stands in a link of which nothing is said."""
    return {name: _DEFAULTS.get(name) if value is None else value for name, value in patch.items()}


def _faults(error: ValidationError) -> dict[str, str]:
    """Return what is wrong with the type of which field; what is missing is no such fault."""
    found: dict[str, list[str]] = {}
    inputs: dict[str, object] = {}
    for each in error.errors(include_url=False, include_context=False):
        if each["type"] == "missing":
            continue
        field = str(each["loc"][0])
        words = _WORDS.get(each["type"], UNKNOWN)
        if words not in found.setdefault(field, []):
            found[field].append(words)
            inputs[field] = each["input"]
    return {
        field: words[0] if words[0] == UNKNOWN else f"{_brief(inputs[field])} {' and '.join(words)}"
        for field, words in found.items()
    }


def _brief(value: object) -> str:
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    return repr(value)[:_SHOWN]
