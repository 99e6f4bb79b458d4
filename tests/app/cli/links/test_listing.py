"""`hopline links list` by the search index."""

import json
from collections.abc import Callable

import pytest

Run = Callable[..., object]


@pytest.fixture(autouse=True)
def _made(hopline: Run) -> None:
    for code, tags in (("x", "ab"), ("y", "b"), ("z", "c")):
        options = [word for tag in tags for word in ("--tag", tag)]
        hopline("links", "add", f"https://example.com/{code}", "--code", code, *options)
    hopline("links", "disable", "y")
    hopline("links", "rm", "z")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--tag", "a", "--tag", "b"], ["y", "x"]),
        (["--tag-all", "a", "--tag-all", "b"], ["x"]),
        (["--tag", "b", "--tag-none", "A"], ["y"]),
        (["--state", "disabled"], ["y"]),
        (["--state", "deleted"], ["z"]),
        (["--search", "COM/X"], ["x"]),
        (["--sort", "code"], ["x", "y"]),
        (["--sort", "clicks", "--reverse"], ["x", "y"]),
    ],
)
def test_links_are_found_and_sorted(hopline: Run, options: list[str], found: list[str]) -> None:
    shown = json.loads(hopline("links", "list", *options, "--json").out)
    assert [link["code"] for link in shown["links"]] == found
    assert shown["clicks_as_of"] is None
    assert all(link["clicks"] is None for link in shown["links"])


def test_pages_go_on_after_a_code(hopline: Run) -> None:
    page = hopline("links", "list", "--sort", "code", "--limit", "1")
    assert page.err.endswith("go on with --after x\n")
    rest = hopline("links", "list", "--sort", "code", "--after", "x")
    assert [line.split()[0] for line in rest.out.splitlines()[1:]] == ["y"]
    unknown = hopline("links", "list", "--sort", "code", "--after", "q")
    assert (unknown.exit_code, unknown.out) == (1, "")
    assert "'q'" in unknown.err


def test_what_cannot_be_asked_for_is_named(hopline: Run) -> None:
    for options, named in ((["--sort", "title"], "--sort"), (["--tag-all", "<"], "'<' is no tag")):
        ended = hopline("links", "list", *options)
        assert ended.exit_code != 0
        assert named in ended.err
