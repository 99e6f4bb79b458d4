"""Versions of the rules and of the data that a row is made with, as the row has them."""

import hashlib
from collections.abc import Sequence
from importlib.metadata import version

from app.verdicts.modes import Modes
from app.verdicts.rules import RULES
from app.version import __version__

#: Packages of data that steps look things up in.
_DATA = ("crawler-user-agents", "publicsuffixlist", "ua-parser-builtins")
_DIGEST_BYTES = 4


def rules_version(modes: Modes, own_networks: Sequence[str]) -> str:
    """Return the release, which all tables of ours are part of, and a digest of what may differ.

    That is each rule of verdicts with its version and mode, and the operator's networks.
    """
    rules = [(rule.name, rule.version, rule.weight, modes[rule.name]) for rule in RULES]
    said = repr((rules, sorted(own_networks)))
    return f"{__version__}+{hashlib.blake2b(said.encode(), digest_size=_DIGEST_BYTES).hexdigest()}"


def data_version() -> str:
    """Return the packages of data, and their versions."""
    return ", ".join(f"{name} {version(name)}" for name in _DATA)
