"""One link of each kind that a redirect answers in its own way."""

import time
from dataclasses import replace

from app.links.link import Link

NOW_MS = int(time.time() * 1000)
PLAIN = Link(
    code="plain", target="https://example.com/a?b=c#d", created_ms=NOW_MS, updated_ms=NOW_MS
)
LINKS = (
    PLAIN,
    replace(PLAIN, code="Moved-1", status=301, cache_control="public, max-age=60"),
    replace(PLAIN, code="forward", forward_query=True),
    replace(PLAIN, code="later", expires_at=NOW_MS // 1000 + 3600),
    replace(PLAIN, code="over", expires_at=NOW_MS // 1000 - 1),
    replace(PLAIN, code="off", disabled=True),
    replace(PLAIN, code="gone", deleted=True, target=""),
    replace(PLAIN, code="few", click_limit=1_000_000),
)
