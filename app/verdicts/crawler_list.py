"""Patterns of the installed list of crawlers, without those that people's browsers match too.

https://github.com/monperrus/crawler-user-agents is collected from logs, and holds texts of ordinary
phones and short names without a boundary. setup.cfg caps its version: what a newer one adds has to
pass tests/app/verdicts/test_people.py first.
"""

from crawleruseragents import CRAWLER_USER_AGENTS_DATA

#: What is left of a pattern that is also in people's user agents; '' where nothing is.
NARROWED = {
    r"AP3A\.240617\.008": "",  # a build of Android 15 on phones of OPPO, OnePlus, realme, Infinix
    "MetaIAB Facebook": "",  # Facebook's own browser
    r"Code\/1\.": "",  # Visual Studio Code
    r"Trae\/": "",  # an editor
    "Fluid": "",  # makes apps of sites on macOS
    r"Bluesky\/": r"^Bluesky/",
    r"Notion\/": r"^Notion/",
    r"Overcast\/": r"^Overcast/1\.0 Podcast Sync",
    r"PocketCasts\/": r"^PocketCasts/1\.0",
    r"Make\/": r"^Make/",
    r"RED\/": r"^RED/",
    r"PayPal\/": r"^PayPal/",
    r"Grover\/": r"^Grover/",
    r"Stripe\/": r"^Stripe/",
    r"Asana\/": r"^Asana/",
    r"Tumblr\/": r"^Tumblr/",
    r"upday\/": r"^upday/",
    r"Instapaper\/": r"^Instapaper/",
    r"Grammarly\/": r"^Grammarly/",
    r"Klaviyo\/": r"^Klaviyo/",
    r"Operator\/": r"^Operator/",
    r"Retool\/": r"^Retool/",
    r"Uptime\/": r"(?:^|[^a-z])Uptime/",
    r"NING\/": r"(?:^|[ ;(])NING/",
    r"AHC\/": r"(?:^|[ ;(])AHC/",
    r"Dlc\/": r"(?:^|[ ;(])Dlc/",
    r"BW\/": r"(?:^|[ ;(])BW/",
    r"s4a\/": r"(?:^|[ ;(])s4a/",
    r"WSM\/": r"(?:^|[ ;(])WSM/",
    r"PS_Daily\/": r"^PS_Daily/",
    r"YaK\/": r"(?:^|[ ;(])YaK/",
    r"008\/": r"(?:^|[ ;(])008/",
    "Sogou": r"Sogou[\w -]*(?:[Ss]pider|[Bb]ot)|^Sogou",
    "coccoc": r"coccoc(?:bot|/)",
    "Sonic": r"(?:Rank|; |^)Sonic",
    "Fever": r"^Fever/|; Fever/",
    "Blackboard": "Blackboard Safeassign",
    "WhatsApp": r"(?i)^WhatsApp/",
    "Viber": r"^Viber(?:/[\d.]+)?$",
    "Expanse": "^Expanse",
    "Butterfly": r"(?:compatible|Macintosh); Butterfly/",
    "Podimo": r"^Podimo/[\d.]+$|\+https?://podimo",
    "Chirp|gotosocial": "gotosocial",
    "okhttp": r"^okhttp",
    "NewsBlur": "NewsBlur (?:Page|Feed|Favicon|Content)",
    "Mastodon": r"Mastodon/[^ ]+ \(http|\(Mastodon/",
    "Feedly": r"^Feedly|FeedlyBot|feedly\.com",
    "Disqus": "^Disqus",
    "Goodreads": "^Goodreads",
    "mail\\.ru": r"go\.mail\.ru/help",
    "Salesforce\\.com": r"^Salesforce\.com",
    "linko": r"^linko(?:[/ ]|$)",
    "speedy": "(?i)speedy ?spider",
    "fluffy": r"(?:^|[ ;(])fluffy",
    "eright": r"(?:^|[ ;(])eright",
    "ds9": r"(?:^|[ ;(])ds9",
    "yanga": r"(?i)yanga ?worldsearch",
    "Trove": r"(?:^|[ ;(])Trove(?:/|$)",
    "Jetty": r"^Jetty",
    "Synapse": r"(?:^|[ ;(])Synapse(?:[ /)]|$)",
    "Devin": r"(?:^|[ ;(])Devin(?:[/);]|$)",
    "Charlotte": r"Charlotte/",
    "Magellan": r"^Magellan",
    "Adventurer": r"^Adventurer",
    "Termly": r"(?:^|[ ;(])Termly",
    "Determ": r"(?:^|[ ;(])Determ(?:[/);]|$)",
    "Scope3": r"(?:^|[ ;(])Scope3",
    "Hotjar": r"(?:^|[ ;(])Hotjar",
    "GoPay": r"^GoPay",
    "Webflow": r"^Webflow",
    "Watchful": r"(?:^|[ ;(])Watchful",
    "Hello World": "^Hello World",
    "^Silk\\/": "",  # Amazon's browser where it begins without Mozilla
}


def listed_patterns() -> tuple[str, ...]:
    """Return the list's patterns, narrowed."""
    patterns = (one["pattern"] for one in CRAWLER_USER_AGENTS_DATA)
    return tuple(filter(None, (NARROWED.get(pattern, pattern) for pattern in patterns)))
