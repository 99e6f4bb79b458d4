"""Terms of a webhook, checked alike for the interface and for the command."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.http.urls import InvalidUrl
from app.links import codes
from app.links.targets import check_target
from app.links.validation import InvalidLink, read_tag
from app.webhooks.webhook import OF_NO_LINK, Event

MAX_NAME = 100
#: Tags and codes that one webhook may name.
MAX_CHOICES = 100


class InvalidWebhook(Exception):
    """Terms that can't be used; the text names every field at fault and what was expected.

    Attributes:
        faults: what is wrong with which field.
    """

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {text}" for field, text in faults.items()))
        self.faults = faults


class NewWebhook(BaseModel):
    """A webhook that shall be added."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: Annotated[str, Field(description="Where deliveries go.", examples=["https://a.example/"])]
    events: Annotated[list[Event], Field(description="What it is told of.")]
    name: Annotated[str, Field(description="What people call it.")] = ""
    tags: Annotated[list[str], Field(description="Only of links with one of them, or")] = []
    codes: Annotated[list[str], Field(description="with one of these codes.")] = []
    disabled: Annotated[bool, Field(description="Whether nothing is sent for now.")] = False


class WebhookPatch(BaseModel):
    """What shall change of a webhook (RFC 7396); what is left out stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: str = ""
    events: list[Event] = []
    name: str | None = None
    tags: list[str] | None = None
    codes: list[str] | None = None
    disabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """Checks what a webhook is given.

    Attributes:
        own_hosts: that serve our links: a delivery to one of them would be no use.
        allow_private: whether deliveries may go to private networks.
        within: tags that whoever gives terms is restricted to; none for all links.
    """

    own_hosts: Sequence[str] = ()
    allow_private: bool = False
    within: tuple[str, ...] = ()

    def check(self, given: Mapping[str, object], *, is_new: bool) -> dict[str, Any]:
        """Return terms as a webhook holds them.

        Raises:
            InvalidWebhook: naming all fields that can't be used.
        """
        faults = _faults(NewWebhook if is_new else WebhookPatch, given)
        held: dict[str, Any] = {}
        for name, value in given.items():
            if name in faults:
                continue
            try:
                held[name] = self._read(name, value)
            except (ValueError, InvalidUrl) as error:
                faults[name] = str(error)
        if faults:
            raise InvalidWebhook(faults)
        return held

    def _read(self, name: str, value: Any) -> object:
        if value is None:
            value = False if name == "disabled" else "" if name == "name" else []
        if name == "url":
            return check_target(value, self.own_hosts, allow_private=self.allow_private)
        if name == "events":
            return self._events(value)
        if name == "tags":
            return _choices("tags", map(_tag, value))
        if name == "codes":
            return _choices("codes", map(_code, value))
        if name == "name" and (len(value) > MAX_NAME or not (value.isprintable() or not value)):
            raise ValueError(f"expected at most {MAX_NAME} printable characters")
        return value

    def _events(self, events: Sequence[Event]) -> tuple[Event, ...]:
        if not events:
            raise ValueError("say what it shall be told of")
        if self.within and (unseen := OF_NO_LINK.intersection(events)):
            raise ValueError(f"{', '.join(unseen)} is not for a key that is restricted to tags")
        return tuple(sorted(set(events)))


def _faults(model: type[BaseModel], given: Mapping[str, object]) -> dict[str, str]:
    """Return what is wrong with the types of what is given, by field."""
    try:
        model.model_validate(given)
    except ValidationError as error:
        found: dict[str, str] = {}
        for each in error.errors(include_url=False, include_context=False, include_input=False):
            found.setdefault(str(each["loc"][0]), each["msg"])
        return found
    return {}


def _choices(name: str, values: Iterable[str]) -> tuple[str, ...]:
    found = tuple(sorted(set(values)))
    if len(found) > MAX_CHOICES:
        raise ValueError(f"{len(found)} {name}, at most {MAX_CHOICES} will do")
    return found


def _tag(text: str) -> str:
    try:
        return read_tag(text)
    except InvalidLink as error:
        raise ValueError(error.faults["tag"]) from None


def _code(text: str) -> str:
    if not codes.is_valid(text):
        raise ValueError(f"{text!r} can't be a code: {codes.EXPECTED}")
    return text
