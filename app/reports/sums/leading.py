"""Links that lead: the few that a breakdown of all links may show, found without reading all.

Rule: each day's links with the most clicks are kept apart, and no other has more than the last of
      them. So what a link has for certain, and what it may have at most, is known of every link.
      Those that may have as many as the last that is shown has for certain are counted exactly,
      and nobody else can be shown. Where too many may, all links are counted.
"""

from collections.abc import Sequence

from app.reports.plan import Plan

#: Fewer clicks are of so few links that all of these are read as fast.
LEAST_CLICKS = 500_000
#: Links that are counted one by one; of more, the rows of all links are fewer.
MOST_LINKS = 100
#: Name of all links that can't be shown, together.
OTHERS = "\0"


def may_lead(plan: Plan) -> bool:
    """Tell whether a plan shows links by what can be bounded: by how many clicks they have."""
    return (
        plan.codes is None
        and "link" in plan.query.by
        and plan.query.order in ("humans", "clicks", "bots", "visitors")
        # Sums of a link have no visitors among its bots.
        and not plan.has_bot_visitors
    )


def leading_links(unseen: int, needed: int, links: Sequence[str]) -> tuple[str, ...] | None:
    """Return the links that a breakdown may show; None where any may be shown.

    Args:
        unseen: most that a link may have which is in no row of leading links.
        needed: what the last link that is shown has at least, 0 if fewer are known.
        links: which may have as many.
    """
    # In sums, no code is all links.
    is_known = needed > unseen and len(links) <= MOST_LINKS and not {"", OTHERS} & {*links}
    return tuple(links) if is_known else None
