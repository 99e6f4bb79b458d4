import hashlib
import re

from hypothesis import given
from hypothesis import strategies as st

from app.keys.credential import Credential, id_in


def test_a_credential_has_an_id_and_a_secret() -> None:
    credential = Credential.make()
    assert re.fullmatch(r"hop_[0-9a-z]{12}_[0-9A-Za-z]{40}", credential.text)
    assert credential.sha256 == hashlib.sha256(credential.secret.encode()).hexdigest()
    assert Credential.parse(credential.text) == credential
    assert Credential.make().text != credential.text


def test_its_secret_stays_out_of_logs() -> None:
    credential = Credential.make()
    assert credential.secret not in repr(credential)


def test_an_id_may_keep_its_id_and_get_another_secret() -> None:
    first = Credential.make()
    assert Credential.make(first.id).id == first.id
    assert Credential.make(first.id).secret != first.secret


GOOD = f"hop_{'a' * 12}_{'B' * 40}"


@given(st.text() | st.from_regex(r"hop_[0-9a-z]*_[0-9A-Za-z]*", fullmatch=True))
def test_what_is_read_is_what_was_written(text: str) -> None:
    credential = Credential.parse(text)
    assert credential is None or credential.text == text


@given(st.integers(0, len(GOOD) - 1), st.characters())
def test_no_other_text_is_read_as_the_same(place: int, character: str) -> None:
    changed = GOOD[:place] + character + GOOD[place + 1 :]
    credential = Credential.parse(changed)
    assert changed == GOOD or credential is None or credential != Credential.parse(GOOD)


def test_a_person_names_a_key_by_its_id_or_as_a_whole() -> None:
    assert id_in(GOOD) == id_in("a" * 12) == "a" * 12
    assert id_in("a" * 11) is id_in("A" * 12) is id_in("") is id_in("a" * 12 + "\n") is None
