"""Rules for what a visit says beside its user agent."""

from app.verdicts.rule import Rule

#: Kind of network, of those that HOPLINE_OWN_NETWORKS names.
OWN = "own"
#: What browsers and proxies send when nobody has clicked yet, in the order of preference.
_PURPOSES = ("prerender", "prefetch", "preview")

OWN_DEVICE = Rule(
    name="own-device",
    kind="own",
    looks_at="the mark of a browser that has asked not to be counted",
    why="whoever tries out their links is no visitor",
    source="the page /-/dont-count-me of the short host",
    version=1,
    matches=lambda evidence: evidence.is_own_device,
)

OWN_NETWORK = Rule(
    name="own-network",
    kind="own",
    looks_at="whether the address is in one of HOPLINE_OWN_NETWORKS",
    why="an office's people and machines are no visitors",
    source="the operator",
    version=1,
    matches=lambda evidence: OWN in evidence.networks,
)

COUNTED_PROGRAM = Rule(
    name="counted-program",
    kind="bot",
    looks_at="whether the redirect took the user agent for a program's, before it left that out",
    why="programs send Sec-GPC, too, and of who does nothing else is kept",
    source="HOPLINE_COUNT_ONLY, and the rules of user agents",
    version=1,
    # By its name alone: nothing is left to be looked at.
    matches=lambda evidence: "counted-program" in evidence.matched,
)

PREFETCH = Rule(
    name="prefetch",
    kind="prefetch",
    looks_at="prefetch, prerender or preview in Sec-Purpose, Purpose, X-Purpose or X-Moz",
    why="a browser loads what its person may follow, and mostly doesn't",
    source="https://fetch.spec.whatwg.org/#sec-purpose-header",
    version=1,
    matches=lambda evidence: bool(evidence.purpose),
)

SUSPICION = Rule(
    name="suspicion",
    kind="suspicious",
    looks_at="the weights of all enforced rules that match, where none decides alone",
    why="what alone is no proof may be one together; counts as a person until it is enforced",
    source="the weights of this table",
    version=1,
    mode="shadow",
)


def loaded_ahead(purpose: str) -> str:
    """Return why a browser loaded the link on its own: ``prefetch``, ``preview`` …, or ''."""
    said = purpose.lower()
    return next((name for name in _PURPOSES if name in said), "")
