"""Texts that explain an exception to whoever typed the command."""

import errno

from app.audit.audit import LedgerNotBegun
from app.audit.spool import SpoolUnreadable
from app.backup.archive import BadArchive
from app.config.variables import SettingsError
from app.dead_letters.store import CannotRequeue, LetterNotFound
from app.health.clickhouse.advice import advice as clickhouse_advice
from app.health.redis.advice import advice as redis_advice
from app.keys.key import CorruptKey
from app.keys.store import InvalidKey, KeyContended, KeyNotFound, KeyRevoked
from app.links.history import CannotRestore, VersionNotFound
from app.links.link import CodeTaken, CorruptLink, LinkContended, LinkNotFound
from app.links.tags import TagKept, TagNotFound, TagTaken
from app.links.validation import InvalidLink
from app.stores.clickhouse.connection import (
    ClickHouseError,
    ClickHouseRefused,
    ClickHouseUnavailable,
)
from app.stores.redis.errors import RedisError, RedisRefused, RedisUnavailable
from app.terminal.output import Failure
from app.webhooks.deliveries import DeliveryNotFound, NoRoom
from app.webhooks.store import WebhookContended, WebhookNotFound
from app.webhooks.terms import InvalidWebhook
from app.webhooks.webhook import CorruptWebhook

#: Of writing to standard output: a full disk, a quota, a broken device.
_OUTPUT_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
_AWAY = (RedisUnavailable, ClickHouseUnavailable)
_FAILED = (
    BadArchive,
    CannotRequeue,
    CannotRestore,
    ClickHouseRefused,
    CodeTaken,
    CorruptKey,
    CorruptLink,
    CorruptWebhook,
    DeliveryNotFound,
    InvalidKey,
    InvalidLink,
    InvalidWebhook,
    KeyContended,
    KeyNotFound,
    KeyRevoked,
    LedgerNotBegun,
    LetterNotFound,
    LinkContended,
    LinkNotFound,
    NoRoom,
    RedisRefused,
    SpoolUnreadable,
    TagKept,
    TagNotFound,
    TagTaken,
    VersionNotFound,
    WebhookContended,
    WebhookNotFound,
)


def as_failure(error: Exception) -> Failure | None:
    """Return what to say about an exception, or None when it is a fault of ours."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, SettingsError):
        return Failure(str(error), exit_code=2)
    if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":
        # How Python holds bytes of an argument that are no text.
        return Failure("what was given is not valid UTF-8")
    if isinstance(error, UnicodeEncodeError):
        return Failure(
            f"the output can't be written in {error.encoding}: set PYTHONIOENCODING=utf-8"
        )
    if isinstance(error, OSError) and (what := _unusable(error)):
        return Failure(f"{what}: {error.strerror}")
    return Failure(_with_advice(error)) if isinstance(error, (*_AWAY, *_FAILED)) else None


def _unusable(error: OSError) -> str:
    """Say what of this machine is to blame, its rights or a full disk; '' if it may be we."""
    if error.filename is not None:
        return f"{error.filename} can't be used"
    return "the output can't be written" if error.errno in _OUTPUT_ERRNOS else ""


def _advice(error: Exception) -> str:
    if isinstance(error, ClickHouseError):
        return clickhouse_advice(error)
    return redis_advice(error) if isinstance(error, RedisError) else ""


def _with_advice(error: Exception) -> str:
    text = str(error).rstrip(".")
    if mend := _advice(error):
        return f"{text}: {mend}"
    return f"{text}. Is `hopline up` running?" if isinstance(error, _AWAY) else str(error)
