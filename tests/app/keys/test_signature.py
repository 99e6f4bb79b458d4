import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.keys.key import NO_DIGEST, ApiKey
from app.keys.signature import LIFE_SECONDS, Signature, Signed

NOW = 1_800_000_000
SECRET = "0123456789abcdef0123456789abcdef"
KEY = ApiKey(
    id="k", name="k", sha256=NO_DIGEST, scopes=("links:write",), created_ms=0, signature=SECRET
)
PLAIN_KEY = ApiKey(id="k", name="k", sha256=NO_DIGEST, scopes=("admin",), created_ms=0)


def digest(text: str, name: str = "md5") -> str:
    return hashlib.new(name, text.encode()).hexdigest()


def is_good(signed: Signed, key: ApiKey = KEY, now: float = NOW) -> bool:
    return signed.is_timely(now) and signed.proves(key, now)


def test_no_two_signatures_are_alike_and_none_is_shown_by_chance() -> None:
    one, other = Signature.make(), Signature.make()
    assert one.text != other.text
    assert len(one.text) == 32
    assert one.text not in repr(one)
    assert SECRET not in repr(KEY) + repr(Signed(SECRET))


def test_the_signature_itself_proves_that_its_key_is_held() -> None:
    assert is_good(Signed(SECRET))
    assert not is_good(Signed(SECRET[:-1]))
    assert not is_good(Signed(SECRET), PLAIN_KEY)


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512"])
@pytest.mark.parametrize("text", [f"{NOW}{SECRET}", f"{SECRET}{NOW}"])
def test_a_digest_with_a_timestamp_proves_it_in_either_order(name: str, text: str) -> None:
    assert is_good(Signed(digest(text, name), str(NOW), name))
    assert not is_good(Signed(digest(text, name), str(NOW + 1), name))
    assert not is_good(Signed(digest(text, name), str(NOW), "sha384"))


@pytest.mark.parametrize(
    ("off", "expected"),
    [(0, True), (LIFE_SECONDS - 1, True), (1 - LIFE_SECONDS, True), (LIFE_SECONDS, False)],
)
def test_a_digest_is_good_for_half_a_day_before_and_after(off: int, expected: bool) -> None:
    timestamp = str(NOW + off)
    assert is_good(Signed(digest(timestamp + SECRET), timestamp)) is expected


@pytest.mark.parametrize("timestamp", ["", "now", "1e9", "-1", "١٢٣", " 1", "9" * 400])
def test_what_is_no_timestamp_proves_nothing(timestamp: str) -> None:
    assert not is_good(Signed(digest(timestamp + SECRET), timestamp))


def test_a_plain_signature_is_none_where_a_timestamp_stands_beside_it() -> None:
    assert not is_good(Signed(SECRET, str(NOW)))


@pytest.mark.parametrize("name", ["crc32", "adler32", "shake_128", "MD5", "", "nul\0"])
def test_digests_that_would_tell_the_signature_are_not_taken(name: str) -> None:
    assert not is_good(Signed("00000000", str(NOW), name))


def test_the_signature_before_is_good_as_long_as_was_said() -> None:
    rotated = ApiKey(
        id="k",
        name="k",
        sha256=NO_DIGEST,
        scopes=("links:write",),
        created_ms=0,
        signature="f" * 32,
        old_signature=SECRET,
        old_until=NOW + 60,
    )
    assert is_good(Signed(SECRET), rotated, NOW + 59)
    assert not is_good(Signed(SECRET), rotated, NOW + 60)
    assert is_good(Signed("f" * 32), rotated, NOW + 60)


@given(st.text(), st.none() | st.text(), st.text())
def test_no_text_is_more_than_refused(signature: str, timestamp: str | None, name: str) -> None:
    signed = Signed(signature, timestamp, name)
    if signed.is_timely(NOW):
        assert signed.proves(KEY, NOW) is (signature == SECRET and timestamp is None)
