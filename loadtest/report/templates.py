"""Templates that are filled with values and escape whatever they are given."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from loadtest.report.budget import number

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    lstrip_blocks=True,
    trim_blocks=True,
    undefined=StrictUndefined,
)
_TEMPLATES.filters["number"] = number


def fill(name: str, **values: Any) -> str:
    """Return the template of this name with these values in it."""
    return _TEMPLATES.get_template(name).render(values)
