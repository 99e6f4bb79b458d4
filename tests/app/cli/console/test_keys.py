"""Keys as a person makes and revokes them, and as a program gets them."""

import json
import re
from typing import Any

import pytest

from app.config.loading import load
from app.keys.store import open_keys

REPORT = ("keys", "add", "weekly report", "--scope", "stats:read")


def listed(hopline: Any) -> list[dict[str, Any]]:
    return json.loads(hopline("keys", "list", "--json").out)["keys"]


def test_a_new_key_is_printed_once_and_listed_without_its_secret(hopline: Any) -> None:
    ended = hopline(*REPORT, "--scope", "links:read", "--tag", "Spring Sale", "--tag", "a")
    assert ended.exit_code == 0
    key_id, secret = re.fullmatch(r"hop_([0-9a-z]{12})_(\w{40})\n", ended.out).groups()
    assert ended.err == f"hopline: keep it now, it isn't shown again; its id is {key_id}\n"
    (key,) = listed(hopline)
    assert (key["id"], key["name"], key["state"]) == (key_id, "weekly report", "live")
    assert (key["scopes"], key["tags"]) == (["links:read", "stats:read"], ["a", "spring-sale"])
    assert key["expires_at"] is key["last_used_at"] is key["revoked_at"] is None
    told = hopline("keys", "list")
    assert secret not in told.out + json.dumps(key)
    head, line = told.out.splitlines()
    assert head.split("\t")[0] == "ID"
    assert line.split("\t")[-1] == "weekly report"


def test_a_program_gets_a_new_key_as_json(hopline: Any) -> None:
    key = json.loads(hopline(*REPORT, "--expires", "2027-01-01", "--json").out)
    assert key["key"].startswith(f"hop_{key['id']}_")
    assert key["expires_at"] == "2027-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("a",), "say what it may do: --scope, or --yourls"),
        (("a", "--scope", "moon"), "moon"),
        (("a", "--scope", "admin", "--tag", "spring"), "tags: a key with the scope admin"),
        (("a", "--scope", "links:read", "--tag", "?"), "--tag: '?' is no tag"),
        (("a", "--scope", "links:read", "--expires", "soon"), "--expires: 'soon' is no time"),
        (("a", "--scope", "links:read", "--expires", "2020-01-01"), "has passed already"),
        (("", "--scope", "links:read"), "name: expected"),
        (("a", "--yourls", "--scope", "clicks:read"), "scopes: a key for YOURLS' clients has"),
    ],
)
def test_what_can_be_no_key_is_wrong_usage(
    hopline: Any, arguments: tuple[str, ...], complaint: str
) -> None:
    ended = hopline("keys", "add", *arguments)
    assert (ended.exit_code, ended.out) == (2, "")
    assert complaint in ended.err
    assert listed(hopline) == []


def test_keys_are_revoked_by_their_ids_or_as_a_whole(hopline: Any) -> None:
    first, second, third = (hopline(*REPORT).out.strip() for _ in range(3))
    ids = [text.split("_")[1] for text in (first, second, third)]
    ended = hopline("keys", "revoke", ids[0], "nobodys00000", second)
    assert (ended.exit_code, ended.out) == (1, "")
    assert ended.err == "hopline: no API key has the id 'nobodys00000'\n"
    states = {key["id"]: key["state"] for key in listed(hopline)}
    assert [states[key_id] for key_id in ids] == ["revoked", "revoked", "live"]


def test_what_is_typed_in_place_of_an_id_is_never_repeated(hopline: Any) -> None:
    secret = "hop_4f9s0c2m1xqa_" + "S" * 39
    for command in ("revoke", "rotate"):
        ended = hopline("keys", command, secret)
        assert ended.exit_code == 2
        assert "that is no key" in ended.err
        assert "SSS" not in ended.err


def test_a_rotated_key_has_another_secret_under_its_id(hopline: Any) -> None:
    before = hopline(*REPORT).out.strip()
    after = hopline("keys", "rotate", before, "--overlap", "1h").out.strip()
    key_id = before.split("_")[1]
    assert after.startswith(f"hop_{key_id}_")
    assert after != before
    key = open_keys(load()).get(key_id)
    assert 3500 < key.old_until - key.created_ms / 1000 < 3700
    hopline("keys", "revoke", key_id)
    ended = hopline("keys", "rotate", key_id)
    assert (ended.exit_code, ended.out) == (1, "")
    assert ended.err == f"hopline: the key {key_id} was revoked: add another\n"


def test_a_signature_for_yourls_clients_is_shown_once_and_rotated(hopline: Any) -> None:
    added = json.loads(hopline("keys", "add", "ShareX", "--yourls", "--json").out)
    assert (added["yourls"], len(added["key"])) == (True, 32)
    assert added["scopes"] == ["links:read", "links:write", "stats:read"]
    listed = hopline("keys", "list", "--json").out
    assert added["key"] not in listed
    [shown] = json.loads(listed)["keys"]
    assert shown["yourls"]
    rotated = json.loads(hopline("keys", "rotate", added["id"], "--json").out)
    assert len(rotated["key"]) == 32
    assert rotated["key"] != added["key"]
