"""Versions of the rules and of the data that a row is made with, as the row has them."""

import ast
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from app.verdicts.modes import Modes
from app.verdicts.rules import RULES

#: Packages of data that steps look things up in.
_DATA = ("crawler-user-agents", "publicsuffixlist", "ua-parser-builtins")
#: What answers are made by: the steps and their tables, and the rules of verdicts.
_STEPS = ("workers.enrich", "app.verdicts")
_TABLES = ".tsv"
_DIGEST_BYTES = 4


def rules_version(modes: Modes, own_networks: Sequence[str]) -> str:
    """Return a digest of steps, tables and rules, and one of what an operator may set.

    That is the mode of each rule, and the operator's networks. A release that changes no step and
    no table has the version of the one before.
    """
    said = repr((sorted(modes.items()), sorted(own_networks)))
    return f"{steps_digest()}+{_digest(said)}"


def data_version() -> str:
    """Return the packages of data, and their versions."""
    return ", ".join(f"{name} {version(name)}" for name in _DATA)


@cache
def steps_digest() -> str:
    """Return a digest of all steps, rules and tables that come with a release."""
    rules = [(rule.name, rule.version, rule.weight) for rule in RULES]
    return _digest(repr((rules, [text for name in _STEPS for text in _contents(name)])))


def code_of(source: str) -> str:
    """Return what source code does, without comments, docstrings and its arrangement.

    It is the same by all versions of Python that we run on, as far as they read the same.
    """
    return repr(_plain(ast.parse(source)))


def _contents(package: str) -> Iterator[tuple[str, str]]:
    """Yield the names of a package's files of code and tables, and what is in them."""
    spec = find_spec(package)
    assert spec is not None  # noqa: S101 - for the type
    for place in map(Path, spec.submodule_search_locations or ()):
        for path in sorted(place.rglob("*")):
            name = path.relative_to(place).as_posix()
            if path.suffix == _TABLES:
                yield name, path.read_text()
            elif path.suffix == ".py":
                yield name, code_of(path.read_text())


def _plain(value: object) -> object:
    """Return a node of code as tuples, without what it lacks: versions name that variously."""
    if isinstance(value, list):
        return [_plain(each) for each in value if not _is_text(each)]
    if not isinstance(value, ast.AST):
        return value
    if isinstance(value, ast.Constant):
        return ("Constant", value.value)
    fields = [
        (name, _plain(each)) for name, each in ast.iter_fields(value) if each not in (None, [], "")
    ]
    return (type(value).__name__, *fields)


def _is_text(node: object) -> bool:
    """Tell whether a statement is a text alone, as docstrings are."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _digest(said: str) -> str:
    return hashlib.blake2b(said.encode(), digest_size=_DIGEST_BYTES).hexdigest()
