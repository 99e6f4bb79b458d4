"""`hopline links bulk`."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
URL = "https://example.com/"


@pytest.fixture(autouse=True)
def three(hopline: Run) -> None:
    for code, tag in (("x", "a"), ("y", "a"), ("z", "b")):
        hopline("links", "add", URL, "--code", code, "--tag", tag)


def outcomes(ended: Any) -> dict[str, str]:
    return {row["code"]: row["outcome"] for row in csv.DictReader(io.StringIO(ended.out))}


def shown(hopline: Run, code: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(hopline("links", "show", code, "--json").out)
    return found


def test_links_of_a_file_are_changed_and_each_is_told_of(hopline: Run, tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_text("code\nx\nmissing\ny\n")
    ended = hopline("links", "bulk", "update", str(file), "--title", "new", "--disable")
    assert outcomes(ended) == {"x": "updated", "missing": "not_found", "y": "updated"}
    assert ended.exit_code == 1
    assert "1 not_found, 2 updated" in ended.err
    assert [shown(hopline, code)["title"] for code in "xyz"] == ["new", "new", ""]
    again = hopline("links", "bulk", "update", str(file), "--title", "new", "--disable")
    assert outcomes(again) == {"x": "unchanged", "missing": "not_found", "y": "unchanged"}
    trail = json.loads(hopline("changes", "--link", "x", "--json").out)["changes"]
    assert trail[0]["via"] == "hopline links bulk update"


def test_what_is_written_is_read_again(hopline: Run, tmp_path: Path) -> None:
    file = tmp_path / "codes.jsonl"
    file.write_text('{"code": "x"}\n{"target": "https://a.example/"}\n{"code": "z"}\n')
    ended = hopline("links", "bulk", "rm", str(file), "--format", "jsonl")
    told = [json.loads(line) for line in ended.out.splitlines()]
    assert [(each["code"], each["outcome"]) for each in told] == [
        ("", "refused"),
        ("x", "deleted"),
        ("z", "deleted"),
    ]
    assert told[0]["reason"] == "line 2: code: None is none"
    assert ended.exit_code == 1
    verdicts = tmp_path / "verdicts.csv"
    verdicts.write_text(hopline("links", "bulk", "rm", str(file)).out)
    assert outcomes(hopline("links", "bulk", "rm", str(verdicts)))["x"] == "unchanged"


def test_a_dry_run_changes_nothing(hopline: Run) -> None:
    ended = hopline("links", "bulk", "rm", "--where-tag", "a", "--expect", "2", "--dry-run")
    assert outcomes(ended) == {"y": "deleted", "x": "deleted"}
    assert (ended.exit_code, "would be: 2 deleted" in ended.err) == (0, True)
    assert shown(hopline, "x")["deleted"] is False


def test_a_filter_finds_as_many_as_are_expected_or_nothing_is_done(hopline: Run) -> None:
    arguments = ("links", "bulk", "update", "--where-tag-none", "a", "--no-tags")
    ended = hopline(*arguments, "--expect", "2")
    assert (ended.exit_code, ended.out) == (1, "")
    assert "The filter finds 1 links, not 2." in ended.err
    assert outcomes(hopline(*arguments, "--expect", "1")) == {"z": "updated"}
    assert shown(hopline, "z")["tags"] == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("update", "--where-tag", "a", "--expect", "2"), "say what to change"),
        (("update", "--where-tag", "a", "--title", "t"), "--expect is missing"),
        (("update", "--title", "t"), "either a file of codes or a filter"),
        (("rm",), "either a file of codes or a filter"),
        (("rm", "--where-tag", "<", "--expect", "1"), "'<' is no tag"),
        (("update", "--where-tag", "a", "--expect", "2", "--target", "ftp://a/"), "--target: "),
        (("update", "--where-tag", "a", "--expect", "2", "--limit", "x"), "--limit: "),
    ],
)
def test_what_cannot_be_done_is_named_and_nothing_changed(
    hopline: Run, arguments: tuple[str, ...], named: str
) -> None:
    ended = hopline("links", "bulk", *arguments)
    assert (ended.exit_code, ended.out) == (2, "")
    assert named in ended.err
    assert [shown(hopline, code)["title"] for code in "xyz"] == ["", "", ""]


def test_a_file_goes_without_a_filter(hopline: Run, tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_text("code\nx\n")
    for more in (("--where-tag", "a"), ("--expect", "1")):
        assert hopline("links", "bulk", "rm", str(file), *more).exit_code == 2
    (tmp_path / "codes.xlsx").write_bytes(b"PK\x03\x04")
    ended = hopline("links", "bulk", "rm", str(tmp_path / "codes.xlsx"))
    assert (ended.exit_code, "workbook" in ended.err) == (1, True)
    assert shown(hopline, "x")["deleted"] is False


def test_a_code_is_no_formula_to_a_spreadsheet_and_is_read_back(
    hopline: Run, tmp_path: Path
) -> None:
    file = tmp_path / "codes.csv"
    file.write_text("code\n=1+1\n-2\n@a\nx\n")
    guarded = hopline("links", "bulk", "rm", str(file), "--dry-run")
    assert list(outcomes(guarded)) == ["'=1+1", "'-2", "'@a", "x"]
    file.write_text(guarded.out)
    assert hopline("links", "bulk", "rm", str(file), "--dry-run").out == guarded.out
    plain = hopline("links", "bulk", "rm", str(file), "--dry-run", "--format", "jsonl")
    codes = [json.loads(line)["code"] for line in plain.out.splitlines()]
    assert codes == ["=1+1", "-2", "@a", "x"]
