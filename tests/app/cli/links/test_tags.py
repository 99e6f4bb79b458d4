"""`hopline tags`."""

import json
from collections.abc import Callable

Run = Callable[..., object]
URL = "https://example.com/"


def test_tags_are_listed_renamed_and_taken_off(hopline: Run) -> None:
    hopline("links", "add", URL, "--code", "x", "--tag", "a", "--tag", "b")
    hopline("links", "add", URL, "--code", "y", "--tag", "a")
    assert hopline("tags", "rename", "a", "c") == (0, "2 links changed\n", "")
    assert hopline("tags", "rm", "b") == (0, "1 links changed\n", "")
    shown = json.loads(hopline("tags", "list", "--json").out)
    assert shown == {"tags": [{"name": "c", "links": 2, "becomes": None}]}
    assert hopline("tags", "list").out.splitlines()[1].split() == ["c", "2"]
    trail = json.loads(hopline("changes", "--link", "x", "--json").out)["changes"]
    assert trail[0]["via"] == "hopline tags rm"


def test_what_cannot_be_done_is_named(hopline: Run) -> None:
    hopline("links", "add", URL, "--code", "x", "--tag", "a")
    hopline("links", "add", URL, "--code", "y", "--tag", "b")
    for arguments, status, named in (
        (("rename", "c", "d"), 1, "no link has the tag 'c'"),
        (("rename", "a", "b"), 1, "links have the tag 'b' already"),
        (("rename", "a", "<"), 2, "name: '<' is no tag"),
        (("rm", "c"), 1, "no link has the tag 'c'"),
    ):
        ended = hopline("tags", *arguments)
        assert (ended.exit_code, ended.out) == (status, "")
        assert named in ended.err
    assert hopline("tags", "rename", "a", "b", "--merge").exit_code == 0
