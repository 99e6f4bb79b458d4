"""Models of dead letters, and what the interface's document says of their endpoints."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.console.api.operation import Operation, Operations, Parameter

#: A letter may hold 100 KB.
DEFAULT_LIMIT, MAX_LIMIT = 50, 100
#: What narrows the list, beside limit and cursor.
FILTERS = ("reason", "since", "until")
_TIME = {"format": "date-time"}


class LetterField(BaseModel):
    r"""A field of an entry as it came; bytes that are no text look like \xff."""

    model_config = ConfigDict(extra="forbid")

    name: str
    value: str


class LetterView(BaseModel):
    """An entry that could not be processed, and why."""

    model_config = ConfigDict(extra="forbid")

    id: str
    died: Annotated[str, Field(json_schema_extra=_TIME)]
    reason: str
    detail: str
    exception: str
    deliveries: int
    first: Annotated[str, Field(json_schema_extra=_TIME)]
    last: Annotated[str, Field(json_schema_extra=_TIME)]
    entry_id: str
    consumer: str
    version: str
    cut_from_bytes: Annotated[
        int | None, Field(description="Bytes of the entry where not all of it is kept.")
    ]
    fields: list[LetterField]


class LetterPage(BaseModel):
    """A part of the dead letters, newest first."""

    model_config = ConfigDict(extra="forbid")

    data: list[LetterView]
    next_cursor: Annotated[
        str | None, Field(description="What to ask for next as cursor; null at the end.")
    ]


_UNKNOWN = ("letter-not-found",)
LETTERS: Operations = {
    "GET": Operation(
        parameters=(
            Parameter("reason", "query", "Only letters of this reason."),
            Parameter("since", "query", "Only those that died since: 2026-05-01T12:00Z, 24h."),
            Parameter("until", "query", "Only those that died before."),
            Parameter(
                "limit",
                "query",
                "Most letters of a page.",
                {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
            ),
            Parameter("cursor", "query", "next_cursor of the page before."),
        ),
        answers={200: LetterPage},
        headers={"Link": 'The next page, rel="next", if there is one.'},
        problems=("invalid-parameter",),
    )
}
LETTER: Operations = {
    "GET": Operation(answers={200: LetterView}, problems=_UNKNOWN),
    "DELETE": Operation(answers={204: None}, problems=_UNKNOWN),
}
REQUEUE: Operations = {
    "POST": Operation(answers={204: None}, problems=(*_UNKNOWN, "letter-incomplete"))
}
