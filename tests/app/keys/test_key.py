import hmac
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.keys import key as keys
from app.keys.caller import SCOPES
from app.keys.credential import Credential
from app.keys.key import ApiKey, CorruptKey, decode, encode, proves

CREDENTIAL = Credential.make()
KEY = ApiKey(
    id=CREDENTIAL.id,
    name="reports",
    sha256=CREDENTIAL.sha256,
    scopes=("stats:read",),
    created_ms=1_700_000_000_000,
)

_KEYS = st.builds(
    ApiKey,
    id=st.just(KEY.id),
    name=st.text(st.characters(codec="utf-8")),
    sha256=st.just(KEY.sha256),
    scopes=st.sets(st.sampled_from(SCOPES)).map(
        lambda some: tuple(scope for scope in SCOPES if scope in some)
    ),
    tags=st.lists(st.text(st.characters(codec="utf-8"))).map(tuple),
    created_ms=st.integers(0, 2**53),
    expires_at=st.none() | st.integers(0, 2**40),
    revoked_ms=st.none() | st.integers(0, 2**53),
    old_until=st.integers(0, 2**40),
)


@given(_KEYS)
def test_a_key_is_read_back_as_it_was_written(key: ApiKey) -> None:
    assert decode(key.id, encode(key)) == key


def test_what_is_kept_holds_no_secret() -> None:
    assert CREDENTIAL.secret.encode() not in encode(KEY)


def test_what_a_later_version_wrote_is_passed_over() -> None:
    later = encode(KEY).replace(b'"stats:read"', b'"stats:read","moon:write"')
    later = later.replace(b"{", b'{"colour":"red",', 1)
    assert decode(KEY.id, later) == KEY


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"name":1}', b"\xff"])
def test_what_is_no_key_is_named(raw: bytes) -> None:
    with pytest.raises(CorruptKey, match=KEY.id):
        decode(KEY.id, raw)


def test_its_secret_proves_a_key_and_no_other_does() -> None:
    assert proves(KEY, CREDENTIAL.sha256, now=0)
    assert not proves(KEY, Credential.make().sha256, now=0)
    # That of a key that there isn't has been compared with something, too.
    assert not proves(None, "0" * 64, now=0)
    assert not proves(KEY, "0" * 64, now=0)


@pytest.mark.parametrize("key", [None, KEY], ids=["unknown id", "wrong secret"])
def test_an_unknown_id_and_a_wrong_secret_take_the_same_steps(
    key: ApiKey | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[int, int]] = []

    def compare(left: str, right: str) -> bool:
        compared.append((len(left), len(right)))
        return hmac.compare_digest(left, right)

    monkeypatch.setattr(keys, "hmac", SimpleNamespace(compare_digest=compare))
    assert not proves(key, "f" * 64, now=0)
    assert compared == [(64, 64), (64, 64)]


def test_the_secret_before_is_good_until_its_time() -> None:
    old = Credential.make(KEY.id)
    rotated = ApiKey(
        id=KEY.id,
        name=KEY.name,
        sha256=KEY.sha256,
        scopes=KEY.scopes,
        created_ms=KEY.created_ms,
        old_sha256=old.sha256,
        old_until=100,
    )
    assert proves(rotated, old.sha256, now=99.9)
    assert not proves(rotated, old.sha256, now=100)
    assert proves(rotated, CREDENTIAL.sha256, now=100)
