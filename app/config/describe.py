"""List that shows all settings to a person."""

from collections.abc import Iterator
from typing import NamedTuple

from app.config.masking import show
from app.config.settings import Settings, variable

#: What is shown as the default of a setting whose default depends on the machine.
NO_FIXED_DEFAULT = "(see the sentence)"


class Described(NamedTuple):
    """One setting as a person reads it."""

    variable: str
    value: str
    default: str
    sentence: str


def describe(settings: Settings) -> Iterator[Described]:
    """Yield every setting with its current value, secrets masked."""
    for name, field in Settings.model_fields.items():
        default = NO_FIXED_DEFAULT if field.default_factory else show(name, field.default)
        yield Described(
            variable(name), show(name, getattr(settings, name)), default, field.description or ""
        )
