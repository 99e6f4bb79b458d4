"""Rules for the traffic that a visit is part of, and for networks that machines stand in.

None of them is certain. Many people share an address (carriers, offices, schools), and people's
traffic leaves datacentres through relays: so all are in shadow, and only a gateway's burst, which
has no mark of a browser, would decide alone.
"""

from app.verdicts.rule import Rule

#: Kind of network: one of those in which servers stand.
DATACENTRE = "datacentre"
#: What a visit's traffic is found to be.
BURST = "burst"
RATE = "rate"

MAIL_BURST = Rule(
    name="mail-burst",
    kind="scanner",
    looks_at="three links of a campaign from one network within 5 s, without Accept-Language and"
    " Sec-Fetch-Mode",
    why="a mail gateway follows all links of a mail at once; browsers send both",
    source="https://www.w3.org/TR/fetch-metadata/, RFC 9110 §12.5.4",
    version=1,
    matches=lambda evidence: BURST in evidence.traffic,
    mode="shadow",
)

CLICK_RATE = Rule(
    name="click-rate",
    kind="bot",
    looks_at="twenty clicks of one address and user agent within the same 10 s",
    why="no person follows links that fast; a school's like computers together do",
    source="an estimate: a click each half second",
    version=1,
    matches=lambda evidence: RATE in evidence.traffic,
    weight=60,
    mode="shadow",
)

DATACENTRE_NETWORK = Rule(
    name="datacentre",
    kind="bot",
    looks_at="whether the address is a hosting provider's, by the number of its network",
    why="servers stand there; so do some offices' ways out and VPNs, whose people are people",
    source="workers/enrich/facts/datacentres.tsv, by routes of the internet",
    version=1,
    matches=lambda evidence: DATACENTRE in evidence.networks,
    weight=40,
    mode="shadow",
)

#: Rules that look at other clicks: one alone can't tell what they once found.
OF_OTHER_CLICKS = frozenset((MAIL_BURST.name, CLICK_RATE.name))
