"""Making of a link unless there is one to its target already, however many ask at once.

Whoever makes one claims the target first, under the code that the link will have. Who finds such a
claim waits a moment for its link, and takes over from one who was killed before it was stored.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from app.links.link import CorruptLink, Link, LinkContended, LinkNotFound
from app.links.making import make
from app.links.precondition import ANY, Precondition
from app.links.store import LinkStore

#: How long a claim is believed whose link isn't there, and how often it is looked for.
_PATIENCE_SECONDS = 0.5
_LOOK_SECONDS = 0.02
#: Others who claim the same target at the same moment that are waited for.
_CLAIMS = 50


def make_once(
    store: LinkStore,
    given: Mapping[str, Any],
    *,
    code: str | None = None,
    only: Precondition = ANY,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], object] = time.sleep,
) -> tuple[Link, bool]:
    """Return the link that leads to a target, and whether it is new.

    One that is disabled, expired, used up or deleted leads nowhere, and one that carries none of
    the precondition's tags is nobody's that asks; a new one is made beside these.

    Args:
        given: the options of a new link, which one that is there need not have.
        code: of a new link; None for one made up.
        only: what the link has to be.
        now: clock in Unix seconds.

    Raises:
        InvalidLink: an option or the code can't be used.
        CodeTaken: the chosen code is not free, and no link leads to the target.
        LinkContended: others kept claiming the target.
    """
    drafted = store.draft(given, code=code)
    only.require_after(drafted)
    if not only.tags and not store.targets.is_filled():
        store.targets.fill(links for _, links in store.links.pieces(None, None))
    for _ in range(_CLAIMS):
        found = store.targets.find(drafted.target, only.tags)
        link = _stored(store, found, sleep) if found else None
        is_it = link and link.target == drafted.target and only.concerns(link)
        if link and is_it and link.state(now(), store.uses(link)) == "live":
            return link, False
        if store.targets.claim(drafted.target, drafted.code, found, only.tags):
            made = make(store, drafted, is_chosen=code is not None)
            if made.code != drafted.code:
                store.targets.claim(made.target, made.code, drafted.code, only.tags)
            return made, True
    raise LinkContended("others keep making a link to this target: try again")


def _stored(store: LinkStore, code: str, sleep: Callable[[float], object]) -> Link | None:
    """Return the link of a code, having waited for one that is being made."""
    for _ in range(round(_PATIENCE_SECONDS / _LOOK_SECONDS)):
        try:
            return store.get(code)
        except CorruptLink:
            return None
        except LinkNotFound:
            sleep(_LOOK_SECONDS)
    return None
