from typing import NamedTuple

import pytest

from app.keys.authenticator import Authenticator, Unauthorized
from app.keys.caller import ANYBODY, METRICS_READER, TOKEN_HOLDER
from app.keys.credential import Credential
from app.keys.key import ApiKey
from app.keys.lookup import KeyLookup
from app.keys.store import KeyStore
from tests.support.redirect.fakes import FakeClock

TOKEN = "sixteen-characters-and-more"
METRICS_TOKEN = "what-prometheus-has-been-given"


class Held(NamedTuple):
    key: ApiKey
    credential: Credential

    @property
    def header(self) -> str:
        return f"Bearer {self.credential.text}"


@pytest.fixture
def held(store: KeyStore) -> Held:
    return Held(*store.add("reports", ["stats:read"], tags=["spring"], expires_at=5000))


@pytest.fixture
def authenticator(store: KeyStore, clock: FakeClock) -> Authenticator:
    return Authenticator(KeyLookup(store, clock), None, None, clock)


def reason(authenticator: Authenticator, header: str | None, **asked: bool) -> str:
    with pytest.raises(Unauthorized) as caught:
        authenticator.admit(header, is_local=True, **asked)
    return caught.value.reason


def test_who_holds_a_key_is_let_in_with_its_rights(
    authenticator: Authenticator, held: Held, store: KeyStore, clock: FakeClock
) -> None:
    clock.now = 1000
    caller = authenticator.admit(held.header, is_local=False)
    assert (caller.id, caller.name, caller.tags) == (held.key.id, "reports", ("spring",))
    assert caller.scopes == {"stats:read"}
    assert store.used_at() == {held.key.id: 960}


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic Zm9vOmJhcg==",
        "Token hop_aaaaaaaaaaaa_" + "b" * 40,
    ],
)
def test_who_sends_no_bearers_credential_is_asked_for_one(
    authenticator: Authenticator, held: Held, header: str | None
) -> None:
    assert reason(authenticator, header) == "missing"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text.upper(),
        lambda text: text.replace("hop_", "Hop_"),
        lambda text: text + "x",
        lambda text: text[:-1],
        lambda text: text + "\xfc",
        lambda text: text + "\u0661",
        lambda text: "x" * 100_000,
        lambda text: text + "\r\nX-Admin: 1",
        lambda text: f"{text},Bearer {text}",
        lambda text: f"{text} {text}",
        lambda text: text + "\0",
    ],
)
def test_what_has_not_the_form_of_a_key_is_refused_without_asking_redis(
    store: KeyStore, held: Held, clock: FakeClock, spoil
) -> None:
    class NoStore(KeyLookup):
        def find(self, key_id: str) -> ApiKey | None:
            raise AssertionError(key_id)

    authenticator = Authenticator(NoStore(store, clock), None, None, clock)
    assert reason(authenticator, f"Bearer {spoil(held.credential.text)}") == "malformed"


def test_a_forged_key_is_refused_in_the_same_words_as_an_unknown_one(
    authenticator: Authenticator, held: Held, store: KeyStore
) -> None:
    forged = Credential.make(held.key.id)
    swapped = held.credential.text.swapcase().replace("HOP", "hop")
    texts = set()
    for text in (forged.text, Credential.make().text, f"hop_{held.key.id}_{swapped[17:]}"):
        with pytest.raises(Unauthorized) as caught:
            authenticator.admit(f"Bearer {text}", is_local=True)
        assert caught.value.reason == "unknown"
        texts.add(str(caught.value))
    assert len(texts) == 1
    assert store.used_at() == {}


def test_an_expired_key_is_told_so_and_a_forger_is_not(
    authenticator: Authenticator, held: Held, clock: FakeClock
) -> None:
    clock.now = 4999.9
    authenticator.admit(held.header, is_local=True)
    clock.now = 5000
    assert reason(authenticator, held.header) == "expired"
    assert reason(authenticator, f"Bearer {Credential.make(held.key.id).text}") == "unknown"


def test_a_revoked_key_is_told_so_and_a_forger_is_not(
    authenticator: Authenticator, held: Held, store: KeyStore
) -> None:
    store.revoke(held.key.id)
    assert reason(authenticator, held.header) == "revoked"
    assert reason(authenticator, f"Bearer {Credential.make(held.key.id).text}") == "unknown"


def test_a_token_is_an_admins_and_goes_on_beside_keys(
    store: KeyStore, held: Held, clock: FakeClock
) -> None:
    authenticator = Authenticator(KeyLookup(store, clock), TOKEN, METRICS_TOKEN, clock)
    assert authenticator.admit(f"Bearer {TOKEN}", is_local=False) is TOKEN_HOLDER
    assert authenticator.admit(held.header, is_local=False).id == held.key.id
    metrics = f"Bearer {METRICS_TOKEN}"
    assert authenticator.admit(metrics, is_local=False, asks_metrics=True) is METRICS_READER
    assert reason(authenticator, metrics) == "malformed"


def test_this_machine_is_let_in_as_long_as_there_is_neither_key_nor_token(
    authenticator: Authenticator, store: KeyStore, clock: FakeClock
) -> None:
    assert authenticator.admit(None, is_local=True) is ANYBODY
    with pytest.raises(Unauthorized):
        authenticator.admit(None, is_local=False)
    key, _ = store.add("first", ["admin"])
    clock.now += 1
    assert reason(authenticator, None) == "missing"
    store.revoke(key.id)
    assert reason(authenticator, None) == "missing"
    # As those of redirect and workers.
    assert authenticator.admit(None, is_local=True, asks_metrics=True) is ANYBODY


def test_the_metrics_token_has_this_machine_send_it_for_the_metrics_alone(
    store: KeyStore, clock: FakeClock
) -> None:
    authenticator = Authenticator(KeyLookup(store, clock), None, METRICS_TOKEN, clock)
    assert authenticator.admit(None, is_local=True) is ANYBODY
    assert reason(authenticator, None, asks_metrics=True) == "missing"
