"""`hopline links history` and `restore`."""

import json
from collections.abc import Callable

Run = Callable[..., object]
URL = "https://example.com/a?b=c"


def test_a_link_is_restored_by_what_its_history_shows(hopline: Run) -> None:
    hopline("links", "add", URL, "--code", "demo1", "--tag", "a")
    hopline("links", "update", "demo1", "--target", "https://example.org/", "--no-tags")
    table = hopline("links", "history", "https://go.example.com/demo1")
    changed, made = table.out.splitlines()[1:]
    assert "target: " in changed
    assert f'"{URL}" → "https://example.org/"' in changed
    assert made.endswith(URL)
    version = made.split()[0]
    restored = hopline("links", "restore", "demo1", version)
    assert restored == (0, "https://go.example.com/demo1\n", "")
    shown = json.loads(hopline("links", "show", "demo1", "--json").out)
    assert (shown["target"], shown["tags"]) == (URL, ["a"])


def test_a_deleted_link_is_restored(hopline: Run) -> None:
    hopline("links", "add", URL, "--code", "demo1")
    hopline("links", "rm", "demo1")
    versions = json.loads(hopline("links", "history", "demo1", "--json").out)["versions"]
    assert [each["what"] for each in versions] == ["link.deleted", "link.created"]
    assert hopline("links", "restore", "demo1", versions[1]["version"]).exit_code == 0
    refused = hopline("links", "restore", "demo1", versions[0]["version"])
    assert (refused.exit_code, refused.out) == (1, "")
    assert "that version is a deleted link" in refused.err


def test_a_long_history_is_shown_by_pages(hopline: Run) -> None:
    hopline("links", "add", URL, "--code", "demo1")
    hopline("links", "update", "demo1", "--title", "new")
    shown = hopline("links", "history", "demo1", "--limit", "1")
    after = shown.err.split()[-1]
    assert "there are more versions: go on with --after" in shown.err
    rest = hopline("links", "history", "demo1", "--after", after)
    assert (len(rest.out.splitlines()), rest.err) == (2, "")


def test_what_is_not_there_is_named(hopline: Run) -> None:
    hopline("links", "add", URL, "--code", "demo1")
    for arguments, named in (
        (("history", "other"), "'other'"),
        (("restore", "other", "1-1"), "'other'"),
        (("restore", "demo1", "1-1"), "no version '1-1'"),
        (("history", "demo1", "--after", "x"), "no version 'x'"),
    ):
        ended = hopline("links", *arguments)
        assert (ended.exit_code, ended.out) == (1, "")
        assert named in ended.err
