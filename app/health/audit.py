"""Check that reads whether every click was in its place when the workers last looked."""

from collections.abc import Sequence

from app.audit.entry_counts import Gap, Noted
from app.health.check import Check, fail, ok, warn

#: The workers check once a minute, and a check may take a while.
_STALE_SECONDS = 300.0


def judge_ledger(noted: Noted | None, gaps: Sequence[Gap], now_seconds: float) -> Check:
    """Judge what the last check of the ledger found.

    Args:
        gaps: those of the last day.
        now_seconds: the Unix time.
    """
    if noted is None:
        return warn("ledger", "not begun", "start the workers, which begin it")
    if any(gap.is_emptied for gap in gaps):
        what = "Redis was brought back from an older state"
        if not all(gap.is_set_back for gap in gaps if gap.is_emptied):
            what = "the stream was deleted, or all that Redis held,"
        text = f"{what} within the last day"
        mend = (
            "see when: `hopline audit`; links that are gone come back with `hopline restore`."
            " Was it meant, or is it another Redis than before: it is forgotten after a day"
        )
        return fail("ledger", text, mend)
    found = {
        "entries gone from the stream in a day": sum(gap.entries for gap in gaps),
        "clicks missing": noted.missing_clicks,
        "clicks that nobody accepted": noted.uncounted_clicks,
    }
    wrong = [f"{name}: {count:,}" for name, count in found.items() if count]
    if wrong:
        return fail("ledger", ", ".join(wrong), "see which: `hopline audit`")
    age_seconds = now_seconds - noted.compared_ms / 1000
    if not noted.compared_ms:
        mend = "the workers do once a minute: ask again, or look at their log"
        return warn("ledger", "not checked yet", mend)
    if age_seconds > _STALE_SECONDS:
        return warn("ledger", "not checked for minutes", "look at the workers' log")
    return ok("ledger", f"balanced {max(0.0, age_seconds):.0f} s ago")
