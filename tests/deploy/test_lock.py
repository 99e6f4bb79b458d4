"""deploy/requirements.lock names all that is installed, in the versions of constraints.txt."""

import configparser
import re
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "deploy" / "requirements.lock").read_text()
LOCKED = {
    Requirement(text.split(" \\")[0]).name: text
    for text in re.split(r"\n(?=[a-z])", LOCK)
    if not text.startswith("#")
}
AGAIN = "run `make lock`"


def test_versions_are_those_of_the_constraints():
    pinned = {
        canonicalize_name(name): version
        for name, version in re.findall(
            r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE
        )
    }
    for name, text in LOCKED.items():
        assert re.match(rf"{re.escape(name)}=={re.escape(pinned[name])}(?=\s)", text), AGAIN


def test_each_has_a_hash_of_each_of_its_files():
    for name, text in LOCKED.items():
        first, *hashes = text.splitlines()
        assert first.endswith(" \\"), name
        assert hashes
        for line in hashes:
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), (name, line)


def test_nothing_that_is_needed_is_left_out():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    waiting = [
        Requirement(line) for line in parser["options"]["install_requires"].split("\n") if line
    ]
    waiting.append(Requirement("setuptools"))
    seen = set()
    while waiting:
        needed = waiting.pop()
        name = canonicalize_name(needed.name)
        if (needed.marker and not needed.marker.evaluate({"extra": ""})) or (
            name,
            *needed.extras,
        ) in seen:
            continue
        seen.add((name, *needed.extras))
        assert name in LOCKED, AGAIN
        for extra in ("", *needed.extras):
            for text in metadata.requires(name) or ():
                inner = Requirement(text)
                if inner.marker is None or inner.marker.evaluate({"extra": extra}):
                    waiting.append(inner)
