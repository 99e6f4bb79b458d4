"""Parts of a backup beside links and clicks: what people set up or told of, out of Redis and back.

Rule 1: what is there stays as it is; doing it twice does nothing the second time.
Rule 2: what was taken back or deleted since the backup stays so, as far as the trail of changes
        tells.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from app.changes.author import Author
from app.changes.trail import Trail, open_trail
from app.config.settings import Settings
from app.keys.key import decode as decode_key
from app.keys.key import encode as encode_key
from app.keys.store import KeyStore, open_keys
from app.links.imported import Imported, ImportedCounts
from app.links.shares import HeldShare, Shares, open_shares
from app.links.store import open_store
from app.webhooks.store import WebhookStore, open_webhooks
from app.webhooks.terms import InvalidWebhook
from app.webhooks.webhook import decode as decode_webhook
from app.webhooks.webhook import encode as encode_webhook

#: A line of a part, as JSON has it.
Line = Mapping[str, Any]
_DISABLED = "restored to be looked at"


class Kind(NamedTuple):
    """One kind of what lies beside links.

    Attributes:
        name: of its part.
        words: what people call it; '' for what they aren't told the number of.
        lines: yields what there is.
        restore: puts lines back, and returns what to tell people of those that it left out.
    """

    name: str
    words: str
    lines: Callable[[], Iterator[Line]]
    restore: Callable[[Iterable[Line]], list[str]]


class BesideLinks:
    """All kinds; what stores raise goes through.

    Args:
        author: who restores.
        disable_webhooks: whether restored webhooks get nothing.
    """

    def __init__(
        self,
        keys: KeyStore,
        webhooks: WebhookStore,
        shares: Shares,
        imported: ImportedCounts,
        trail: Trail,
        author: Author,
        *,
        disable_webhooks: bool = False,
    ) -> None:
        self._keys = keys
        self._webhooks = webhooks
        self._shares = shares
        self._imported = imported
        self._trail = trail
        self._author = author
        self._disable_webhooks = disable_webhooks

    @property
    def before(self) -> tuple[Kind, ...]:
        """What is restored before links, since each of these writes a line into the trail."""
        return (Kind("trail", "", self._trail_lines, self._restore_trail),)

    @property
    def after(self) -> tuple[Kind, ...]:
        """What is restored after links."""
        return (
            Kind("keys", "API keys", self._key_lines, self._restore_keys),
            Kind("shares", "shared reports", self._share_lines, self._restore_shares),
            Kind("imported", "", self._imported_lines, self._restore_imported),
            Kind("webhooks", "webhooks", self._webhook_lines, self._restore_webhooks),
        )

    def _key_lines(self) -> Iterator[Line]:
        for key in self._keys.all():
            yield {"id": key.id, "key": orjson.Fragment(encode_key(key))}

    def _restore_keys(self, lines: Iterable[Line]) -> list[str]:
        for line in lines:
            self._keys.restore(decode_key(line["id"], orjson.dumps(line["key"])))
        return []

    def _webhook_lines(self) -> Iterator[Line]:
        for webhook in self._webhooks.all():
            yield {"id": webhook.id, "webhook": orjson.Fragment(encode_webhook(webhook))}

    def _restore_webhooks(self, lines: Iterable[Line]) -> list[str]:
        said = []
        for line in lines:
            webhook = decode_webhook(line["id"], orjson.dumps(line["webhook"]))
            if self._disable_webhooks and not webhook.disabled:
                webhook = replace(webhook, disabled=True, reason=_DISABLED)
            try:
                if not self._webhooks.restore(webhook):
                    said.append(f"the webhook {webhook.id} was deleted since; it was left out")
            except InvalidWebhook as error:
                said.append(f"the webhook {webhook.id} was left out: {error.faults['url']}")
        return said

    def _share_lines(self) -> Iterator[Line]:
        return (share._asdict() for share in self._shares.all())

    def _restore_shares(self, lines: Iterable[Line]) -> list[str]:
        return [
            f"a shared report of {share.code!r} was taken back since; it was left out"
            for share in (HeldShare(**line) for line in lines)
            if not self._shares.restore(share, self._author)
        ]

    def _imported_lines(self) -> Iterator[Line]:
        for code, (clicks, at_ms) in self._imported.all():
            yield {"code": code, "clicks": clicks, "at_ms": at_ms}

    def _restore_imported(self, lines: Iterable[Line]) -> list[str]:
        self._imported.restore(
            (line["code"], Imported(line["clicks"], line["at_ms"])) for line in lines
        )
        return []

    def _trail_lines(self) -> Iterator[Line]:
        return ({"id": line_id, "fields": fields} for line_id, fields in self._trail.entries())

    def _restore_trail(self, lines: Iterable[Line]) -> list[str]:
        late = self._trail.restore((line["id"], line["fields"]) for line in lines)
        said = f"{late:,} lines of the trail of changes are older than what stands there: left out"
        return [said] if late else []


def open_beside_links(
    settings: Settings, author: Author, *, disable_webhooks: bool = False
) -> BesideLinks:
    """Return what lies beside the links of an installation; it connects when first used."""
    trail = open_trail(settings)
    return BesideLinks(
        open_keys(settings, author),
        open_webhooks(settings, author),
        open_shares(settings, trail),
        open_store(settings).imported,
        trail,
        author,
        disable_webhooks=disable_webhooks,
    )
