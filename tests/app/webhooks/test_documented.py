"""What docs/webhooks.md has people run."""

import re
import time
from pathlib import Path
from typing import Any

import pytest

from app.webhooks.signing import new_secret, signed_headers
from app.webhooks.webhook import EVENTS, TEST_EVENT

PAGE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()


@pytest.fixture
def is_ours() -> Any:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    scope: dict[str, Any] = {}
    exec(compile(code, "docs/webhooks.md", "exec"), scope)
    return scope["is_ours"]


def test_the_check_of_a_signature_takes_ours_and_no_other(is_ours: Any) -> None:
    secret, old, now = new_secret(), new_secret(), int(time.time())
    headers = signed_headers([secret, old], "msg_1", now, b"{}")
    assert is_ours(secret, headers, b"{}")
    assert is_ours(old, headers, b"{}")
    assert not is_ours(new_secret(), headers, b"{}")
    assert not is_ours(secret, headers, b"{} ")
    assert not is_ours(secret, {**headers, "webhook-id": "msg_2"}, b"{}")
    assert not is_ours(secret, signed_headers([secret], "msg_1", now - 301, b"{}"), b"{}")


def test_every_event_is_told_of() -> None:
    assert [event for event in (*EVENTS, TEST_EVENT) if f"`{event}`" not in PAGE] == []
