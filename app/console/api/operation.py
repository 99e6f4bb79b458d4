"""What the document of the interface says of a method of a resource, beside its rights and path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class JsonObject(BaseModel):
    """An object of which the documentation tells more than a schema."""

    model_config = ConfigDict(extra="allow")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the URL, or a header field.

    Attributes:
        schema: in JSON Schema.
    """

    name: str
    place: Literal["query", "header", "path"]
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


#: See :mod:`app.console.api.idempotency`.
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "header",
    "A text of the client's for this request: sent again within a day, it makes nothing twice.",
    {"type": "string", "pattern": "^[!#-~]{1,255}$"},
)


@dataclass(frozen=True, slots=True)
class Image:
    """An answer that is no JSON but a picture."""

    media_type: str


@dataclass(frozen=True, slots=True)
class Events:
    """An answer that goes on, with an event at a time."""

    media_type: str


#: What an operation shows; None for nothing.
Shown = type[BaseModel] | Image | Events | None


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a resource.

    Attributes:
        parameters: beside those of the path.
        body: what it reads; None for nothing.
        media_types: that the body may have.
        answers: by status what it shows.
        answer_types: media types that what is no image is shown in.
        headers: of the answers.
        problems: kinds of :data:`app.console.api.problem.KINDS` that are its own.
    """

    parameters: Sequence[Parameter] = ()
    body: type[BaseModel] | None = None
    media_types: Sequence[str] = ("application/json",)
    answers: Mapping[int, Shown] = field(default_factory=dict)
    answer_types: Sequence[str] = ("application/json",)
    headers: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[str] = ()


#: By HTTP method.
Operations = Mapping[str, Operation]
