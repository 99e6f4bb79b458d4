"""The trail of changes as a person and a program read it."""

import json
from pathlib import Path
from typing import Any

import pytest


def told(hopline: Any, *options: str) -> list[list[str]]:
    return [line.split("\t") for line in hopline("changes", *options).out.splitlines()[1:]]


def test_changes_are_shown_the_newest_first(hopline: Any) -> None:
    hopline("links", "add", "https://example.com/", "--code", "sale")
    hopline("links", "update", "sale", "--status", "301")
    hopline("links", "add", "https://example.com/", "--code", "other")
    hopline("links", "rm", "sale")
    rows = told(hopline)
    assert [(what, subject) for _, what, subject, *_ in rows] == [
        ("link.deleted", "sale"),
        ("link.created", "other"),
        ("link.changed", "sale"),
        ("link.created", "sale"),
    ]
    assert rows[2][5] == "status:  → 301"
    assert rows[2][4] == "hopline"
    assert [row[1] for row in told(hopline, "--link", "https://go.example.com/sale")] == [
        *("link.deleted", "link.changed", "link.created")
    ]


def test_an_import_is_named_and_counted(hopline: Any, tmp_path: Path) -> None:
    file = tmp_path / "spring.csv"
    file.write_text("target\n" + "https://example.com/\n" * 3)
    hopline("links", "import", str(file))
    (row,) = told(hopline)
    assert (row[1], row[5]) == ("links.created", "3 links")
    assert row[4] == f"hopline links import {file}"
    (change,) = json.loads(hopline("changes", "--json").out)["changes"]
    assert change["count"] == 3
    assert len(change["request_id"]) == 32


def test_changes_of_a_key_are_found_by_its_id(hopline: Any) -> None:
    first, second = (
        hopline("keys", "add", name, "--scope", "stats:read").out.strip() for name in "ab"
    )
    hopline("keys", "revoke", first)
    assert [row[1] for row in told(hopline, "--key", first)] == ["key.revoked", "key.added"]
    assert [row[1] for row in told(hopline, "--key", second.split("_")[1])] == ["key.added"]
    assert first.split("_")[2] not in hopline("changes", "--json").out


def test_a_long_trail_is_read_in_pieces(hopline: Any) -> None:
    for code in "abc":
        hopline("links", "add", "https://example.com/", "--code", code)
    page = json.loads(hopline("changes", "--limit", "2", "--json").out)
    assert [change["subject"] for change in page["changes"]] == ["c", "b"]
    ended = hopline("changes", "--limit", "2")
    assert ended.err == (f"hopline: there are more changes: go on with --after {page['after']}\n")
    assert [row[2] for row in told(hopline, "--after", page["after"])] == ["a"]


def test_what_a_visitor_could_break_a_line_with_is_not_shown(hopline: Any) -> None:
    hopline("links", "add", "https://example.com/", "--code", "a", "--title", "\u202eevil")
    assert "\u202e" not in hopline("changes").out


@pytest.mark.parametrize(
    "options", [("--after", "x"), ("--key", "x"), ("--link", "a", "--key", "b"), ("--limit", "0")]
)
def test_what_cannot_be_asked_is_wrong_usage(hopline: Any, options: tuple[str, ...]) -> None:
    ended = hopline("changes", *options)
    assert (ended.exit_code, ended.out) == (2, "")
    assert options[0] in ended.err or "--link" in ended.err
