import json
from collections.abc import Callable

import pytest

from app.links.store import open_store

Run = Callable[..., object]
URL = "https://example.com/a?b=c"


def shown(hopline: Run, code: str) -> dict[str, object]:
    return json.loads(hopline("links", "show", code, "--json").out)


def test_adding_a_link_prints_its_short_url_alone(hopline: Run) -> None:
    ended = hopline("links", "add", URL, "--code", "demo1")
    assert ended == (0, "https://go.example.com/demo1\n", "")
    assert shown(hopline, "demo1")["target"] == URL


def test_adding_a_link_without_a_code_makes_one_up(hopline: Run) -> None:
    short_url = hopline("links", "add", URL).out.strip()
    assert shown(hopline, short_url.rpartition("/")[2])["target"] == URL


def test_every_option_is_kept_and_shown(hopline: Run) -> None:
    added = hopline(
        "links", "add", URL, "--code", "demo1", "--expires", "2040-01-01T01:00+01:00",
        "--limit", "5", "--forward-query", "--status", "307", "--tag", "Big Sale", "--tag", "a",
        "--title", "A title", "--cache-control", "public, max-age=60", "--json",
    )  # fmt: skip
    link = json.loads(added.out)
    assert link == shown(hopline, "demo1")
    times = {name: link.pop(name) for name in ("created_at", "updated_at")}
    assert all(str(time).endswith("Z") for time in times.values())
    assert link == {
        "code": "demo1",
        "target": URL,
        "status": 307,
        "click_limit": 5,
        "forward_query": True,
        "cache_control": "public, max-age=60",
        "tags": ["a", "big-sale"],
        "title": "A title",
        "disabled": False,
        "deleted": False,
        "expires_at": "2040-01-01T00:00:00Z",
        "short_url": "https://go.example.com/demo1",
        "state": "live",
        "uses": 0,
    }


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["javascript:alert(1)"], "url: its scheme is javascript: only http and https will do"),
        (["https://a.b/\x1bX: y"], "url: it contains a control character"),
        (["https://GO.example.com/x"], "url: go.example.com serves our links"),
        ([URL, "--code", "a/b"], "--code: 'a/b' can't be one: expected 1 to 64 of the characters"),
        ([URL, "--expires", "soon"], "--expires: 'soon' is no time"),
        ([URL, "--limit", "0"], "--limit: 0 is no whole number from 1"),
        ([URL, "--status", "200"], "--status: 200 is none of 301, 302, 303, 307, 308"),
        ([URL, "--cache-control", "a\nb"], "--cache-control: expected"),
        ([URL, "--title", "x" * 201], "--title: it has 201 characters"),
        ([URL, "--tag", "<>"], "--tag: '<>' is no tag"),
    ],
)
def test_what_cannot_be_added_is_one_line_on_stderr(
    hopline: Run, arguments: list[str], complaint: str
) -> None:
    ended = hopline("links", "add", *arguments)
    assert (ended.exit_code, ended.out) == (2, "")
    assert ended.err.startswith(f"hopline: {complaint}")
    assert ended.err.count("\n") == 1


def test_a_taken_code_is_a_failure(hopline: Run) -> None:
    hopline("links", "add", URL, "--code", "demo1")
    ended = hopline("links", "add", "https://other.example/", "--code", "demo1")
    assert ended == (1, "", "hopline: the code 'demo1' is taken\n")


def test_a_link_that_has_expired_already_is_added_and_pointed_out(hopline: Run) -> None:
    ended = hopline("links", "add", URL, "--code", "old", "--expires", "2020-01-01")
    assert ended.exit_code == 0
    assert ended.err == "hopline: the link old has expired already\n"
    assert shown(hopline, "old")["state"] == "expired"


def test_show_is_readable_without_json(hopline: Run) -> None:
    hopline("links", "add", URL, "--code", "demo1", "--tag", "x", "--tag", "y")
    lines = hopline("links", "show", "demo1").out.splitlines()
    assert f"target\t{URL}" in lines
    assert "tags\tx, y" in lines
    assert "forward_query\tno" in lines


def test_an_unknown_code_is_not_found(hopline: Run) -> None:
    for arguments in (["show"], ["update", "--title", "x"], ["disable"], ["enable"], ["rm"]):
        ended = hopline("links", *arguments, "nope")
        assert ended == (1, "", "hopline: no link has the code 'nope'\n")


def test_links_are_listed_newest_first_page_by_page(hopline: Run) -> None:
    for code in ("first", "second", "third"):
        hopline("links", "add", URL, "--code", code)
    ended = hopline("links", "list", "--limit", "2")
    assert [line.split("\t")[0] for line in ended.out.splitlines()] == ["CODE", "third", "second"]
    assert ended.err == "hopline: there are more links: go on with --after second\n"
    second = "https://go.example.com/second"
    rest = json.loads(hopline("links", "list", "--after", second, "--json").out)
    assert [link["code"] for link in rest["links"]] == ["first"]
    assert rest["after"] is None


def test_a_list_can_be_of_one_tag(hopline: Run) -> None:
    hopline("links", "add", URL, "--code", "a", "--tag", "x")
    hopline("links", "add", URL, "--code", "b")
    lines = hopline("links", "list", "--tag", "x").out.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["CODE", "a"]


def test_an_update_changes_what_is_given_alone(hopline: Run) -> None:
    hopline("links", "add", URL, "--code", "demo1", "--limit", "5", "--expires", "1d", "--tag", "x")
    ended = hopline("links", "update", "demo1", "--target", "https://new.example/", "--title", "N")
    assert ended == (0, "https://go.example.com/demo1\n", "")
    link = shown(hopline, "demo1")
    assert (link["target"], link["title"]) == ("https://new.example/", "N")
    assert (link["click_limit"], link["tags"]) == (5, ["x"])


def test_an_update_can_take_options_off(hopline: Run) -> None:
    hopline(
        "links", "add", URL, "--code", "demo1", "--limit", "5", "--expires", "1d", "--tag", "x",
        "--title", "T", "--cache-control", "no-cache", "--forward-query",
    )  # fmt: skip
    hopline(
        "links", "update", "demo1", "--limit", "none", "--expires", "never", "--no-tags",
        "--title", "", "--cache-control", "", "--no-forward-query",
    )  # fmt: skip
    link = shown(hopline, "demo1")
    assert (link["click_limit"], link["expires_at"], link["tags"]) == (None, None, [])
    assert (link["title"], link["cache_control"], link["forward_query"]) == ("", None, False)


def test_an_update_of_nothing_is_wrong_usage(hopline: Run) -> None:
    ended = hopline("links", "update", "demo1")
    assert ended == (2, "", "hopline: say what to change, e.g. --target URL\n")


def test_links_are_switched_off_and_on(hopline: Run) -> None:
    for code in ("a", "b"):
        hopline("links", "add", URL, "--code", code)
    assert hopline("links", "disable", "a", "b") == (0, "", "")
    assert shown(hopline, "a")["state"] == shown(hopline, "b")["state"] == "disabled"
    assert hopline("links", "enable", "a") == (0, "", "")
    assert shown(hopline, "a")["state"] == "live"


def test_one_missing_link_does_not_stop_the_others(hopline: Run) -> None:
    hopline("links", "add", URL, "--code", "b")
    ended = hopline("links", "disable", "a", "b")
    assert ended == (1, "", "hopline: no link has the code 'a'\n")
    assert shown(hopline, "b")["state"] == "disabled"


def test_a_deleted_link_is_gone_for_good(hopline: Run) -> None:
    hopline("links", "add", URL, "--code", "demo1")
    assert hopline("links", "rm", "demo1") == (0, "", "")
    assert shown(hopline, "demo1")["state"] == "deleted"
    assert hopline("links", "list").out.count("\n") == 1
    assert hopline("links", "rm", "demo1").err == "hopline: the link 'demo1' was deleted\n"
    assert hopline("links", "enable", "demo1").exit_code == 1


def test_used_clicks_of_a_limited_link_are_shown(hopline: Run, redis_url, make_settings) -> None:
    hopline("links", "add", URL, "--code", "demo1", "--limit", "2")
    store = open_store(make_settings(redis_url=redis_url))
    store._client.set("links:uses:demo1", 2)
    link = shown(hopline, "demo1")
    assert (link["uses"], link["state"]) == (2, "used_up")
    assert "\tused_up\t" in hopline("links", "list").out
    assert json.loads(hopline("links", "list", "--json").out)["links"][0]["state"] == "used_up"


@pytest.mark.parametrize(
    ("limit", "uses", "state"),
    [("1", 2, "used_up"), ("2", 2, "used_up"), ("3", 2, "live"), ("none", 0, "live")],
)
def test_another_limit_counts_the_clicks_that_were_used_before(
    hopline: Run, redis_url, make_settings, limit: str, uses: int, state: str
) -> None:
    hopline("links", "add", URL, "--code", "demo1", "--limit", "2")
    open_store(make_settings(redis_url=redis_url))._client.set("links:uses:demo1", 2)
    hopline("links", "update", "demo1", "--limit", limit)
    link = shown(hopline, "demo1")
    assert (link["uses"], link["state"]) == (uses, state)
    assert f"\t{state}\t" in hopline("links", "list").out
    hopline("links", "update", "demo1", "--limit", "2")
    assert shown(hopline, "demo1")["state"] == "used_up"


def test_a_link_is_found_by_its_pasted_short_link(hopline: Run) -> None:
    short = hopline("links", "add", URL, "--code", "demo1").out.strip()
    assert json.loads(hopline("links", "show", f"{short}/?x", "--json").out)["code"] == "demo1"
    assert hopline("links", "disable", short) == (0, "", "")
    assert shown(hopline, "demo1")["state"] == "disabled"
