"""Signatures, checked by a library that others wrote."""

import time

import hypothesis.strategies as st
import pytest
import standardwebhooks
from hypothesis import given

from app.webhooks.signing import new_secret, sign, signed_headers


@given(body=st.text().map(lambda text: text.encode("utf-8", "ignore")))
def test_others_take_our_signature_for_good(body: bytes) -> None:
    secret, now = new_secret(), int(time.time())
    headers = signed_headers([secret], "msg_1", now, body)
    standardwebhooks.Webhook(secret).verify(body, headers, json_parse=False)
    theirs = standardwebhooks.Webhook(secret).sign(
        "msg_1", standardwebhooks.webhooks.datetime.fromtimestamp(now, tz=_utc()), body.decode()
    )
    assert headers["webhook-signature"] == theirs


def _utc():
    return standardwebhooks.webhooks.timezone.utc


@pytest.mark.parametrize("changed", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_what_was_changed_on_the_way_is_refused(changed: str) -> None:
    secret, now = new_secret(), int(time.time())
    headers = signed_headers([secret], "msg_1", now, b"{}")
    standardwebhooks.Webhook(secret).verify(b"{}", headers)
    headers[changed] = {"webhook-timestamp": str(now - 1)}.get(changed, headers[changed] + "x")
    if changed == "webhook-signature":
        headers[changed] = sign(new_secret(), "msg_1", now, b"{}")
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secret).verify(b"{}", headers)


def test_while_a_secret_is_rotated_either_will_do() -> None:
    old, new, now = new_secret(), new_secret(), int(time.time())
    headers = signed_headers([new, old], "msg_1", now, b'{"a":1}')
    for secret in (old, new):
        assert standardwebhooks.Webhook(secret).verify(b'{"a":1}', headers) == {"a": 1}
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(new_secret()).verify(b'{"a":1}', headers)
