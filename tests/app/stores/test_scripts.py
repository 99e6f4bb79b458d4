import re
from pathlib import Path

import pytest

from app.stores.scripts import query, script

ROOT = Path(__file__).parents[3]
FILES = [path for top in ("app", "workers") for path in sorted((ROOT / top).rglob("*.lua"))]
#: Functions that are put into scripts, by their names.
SHARED = {path.stem for path in FILES if f"local function {path.stem}(" in path.read_text()}
SCRIPTS = [path for path in FILES if path.stem not in SHARED]
QUERIES = sorted((ROOT / "app").rglob("sql/*.sql"))


def package_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).parent.parent.parts)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_a_script_says_at_its_head_what_it_takes_and_returns(path: Path) -> None:
    text = path.read_text()
    head, _, body = text.partition("\n\n")
    assert path.parent.name == "lua"
    assert "\n-- Returns " in head
    said = re.findall(r"^-- (KEYS|ARGV)\[(\d+)(…?)\]", head, re.MULTILINE)
    for kind, number in set(re.findall(r"\b(KEYS|ARGV)\[(\d+)\]", body)):
        assert any(
            name == kind and (at == number or (open_end and int(at) < int(number)))
            for name, at, open_end in said
        ), (kind, number)


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_a_shared_function_stands_where_it_is_included(path: Path) -> None:
    text = script(package_of(path), path.stem)
    assert "-- include" not in text
    for name in re.findall(r"^-- include (\w+)$", path.read_text(), re.MULTILINE):
        assert f"\nlocal function {name}(" in text


def test_a_script_begins_with_its_flags() -> None:
    assert script("app.erasure", "entries").startswith("#!lua flags=allow-oom\n")


def test_no_script_has_a_shared_function_of_its_own() -> None:
    assert {"named", "note", "sortable"} == SHARED
    for name in SHARED:
        for path in SCRIPTS:
            assert f"local function {name}(" not in path.read_text(), path


@pytest.mark.parametrize("path", QUERIES, ids=name_of)
def test_a_query_takes_the_pieces_that_it_names(path: Path) -> None:
    pieces = dict.fromkeys(re.findall(r"\$(\w+)", path.read_text()), "1")
    text = query(package_of(path), path.stem, **pieces)
    assert "$" not in text


def test_a_piece_that_is_not_given_is_a_fault() -> None:
    with pytest.raises(KeyError):
        query("app.reports", "span")
