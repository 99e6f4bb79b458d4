"""Views that show what a replay did, as lines of a table or as JSON."""

from collections.abc import Iterator

from app.times import rfc3339
from workers.replay.checkpoint import Notes
from workers.replay.rows import COMPARED

#: What is counted and how it reads; a dry run's words come second.
_COUNTED = {
    "read": ("read", "read"),
    "replaced": ("processed again", "would be processed again"),
    "unchanged": ("as they were, left alone", "as they are, would be left alone"),
    "restored": (
        "restored: finished, but missing in ClickHouse",
        "would be restored: finished, but missing in ClickHouse",
    ),
    "newer": ("enriched since this began, left alone", "enriched since this began"),
    "unfinished": ("left to the workers, which have not finished them",) * 2,
    "dead": ("left to `hopline dead`",) * 2,
    "unusable": ("no clicks by today's rules, left alone",) * 2,
}
_ALWAYS = ("read", "replaced")


def as_rows(notes: Notes, *, is_dry: bool) -> Iterator[tuple[str, str]]:
    """Yield numbers of clicks and what they are of."""
    for name, texts in _COUNTED.items():
        if name in _ALWAYS or notes.counts[name]:
            yield f"{notes.counts[name]:,}", texts[is_dry]
    for name in COMPARED:
        if notes.changed[name]:
            yield f"{notes.changed[name]:,}", f"{'would get' if is_dry else 'got'} another {name}"


def as_json(notes: Notes, *, is_dry: bool, is_resumed: bool) -> dict[str, object]:
    """Return a JSON object of stable form."""
    return {
        "dry_run": is_dry,
        "resumed": is_resumed,
        "began": rfc3339(notes.began_ms),
        "since": rfc3339(notes.since_ms),
        "until": rfc3339(notes.until_ms),
        "clicks": {name: notes.counts[name] for name in _COUNTED},
        "changed": {name: notes.changed[name] for name in COMPARED},
    }
