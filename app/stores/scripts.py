"""Loader that reads Lua scripts and queries from the files that stand beside their owners.

Rule: what a person typed is never put into a text; it goes to the stores as an argument.
"""

import re
from functools import cache
from importlib import resources
from string import Template

_INCLUDE = re.compile(r"^-- include (\w+)\n", re.MULTILINE)


@cache
def script(package: str, name: str) -> str:
    """Return a package's ``lua/NAME.lua``, at whose head stands what its keys are.

    A line ``-- include NAME`` is replaced by a function that several scripts need, which stands in
    ``app/stores/lua``.
    """
    text = _read(package, f"lua/{name}.lua")
    return _INCLUDE.sub(lambda line: _read("app.stores", f"lua/{line[1]}.lua"), text)


def query(package: str, name: str, **parts: str) -> str:
    """Return a package's ``sql/NAME.sql``, pieces of SQL put in where it says ``$piece``."""
    return Template(_read(package, f"sql/{name}.sql")).substitute(parts)


@cache
def _read(package: str, path: str) -> str:
    return resources.files(package).joinpath(path).read_text()
