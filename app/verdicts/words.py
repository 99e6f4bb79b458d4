"""Rules for programs that say what they are in a word of their own, or how to reach their owner."""

from app.verdicts.rule import Rule

#: Not behind "cu": Cubot makes phones.
_BOT = r"(?i)(?:^|[^u]|(?:^|[^c])u)b[o0]ts?(?:[^a-z]|$)"

BOT_WORD = Rule(
    name="bot-word",
    kind="bot",
    looks_at="the words bot, robot, crawl, spider, scraper and the like in the user agent",
    why="no browser calls itself so; what makers call their phones is left out",
    source="what programs of all lists have in common",
    version=1,
    patterns=(
        _BOT,
        r"(?i)robot|crawl|spider|spyder|scrap(?:er|y|ing)|slurp|archiver|harvest",
    ),
)

PURPOSE_WORD = Rule(
    name="purpose-word",
    kind="bot",
    looks_at="words such as fetcher, checker, monitor, scanner; names of Google's tools",
    why="people don't do what these words say; an app that names its device may be called so",
    source="what programs of all lists have in common, and Google's list of its fetchers",
    version=1,
    patterns=(
        r"(?i)fetcher|indexer|extractor|validator|verifier|aggregator|transcoder",
        r"(?i)checker|monitor|inspector|analy[sz]er|detector|lead-?discovery|enricher|scorer",
        r"(?i)scanner|linkcheck|sitecheck|lead-?radar|prospect|(?:link|url|web|page)preview",
        r"(?i)(?:^|[ (;])preview[a-z]{0,20}/|[a-z]agent$",
        r"(?i)uptime|synthetic|searchbyimage|feed-?parser|rss-?parser|readability",
        r"(?i)(?:^|compatible; )(?:feed|rss)[a-z-]{0,20}/",
        r"(?i)(?:[ ;(-]|seo|link|site|web|page)agent/\d",
        r"(?i)google[ _-](?:adwords|ads|amphtml|assess|business|favicon|hotel|keyword|page|"
        r"partner|podcast|pp|publisher|search console|searchbyimage|shopping|sites?|youtube|"
        r"adsense)|"
        r"GoogleAdSenseInfeed|GoogleSites|DuplexWeb-Google|BingLocalSearch|"
        r"Yandex\.Translate|baidu Transcoder|Daumoa|Daum \d|ExaleadCloud|Najdi\.si|"
        r"StumbleUpon|TagInspector|Sparkler|Morningscore|Convertify|Inspici|Mixnode",
    ),
)

CONTACT = Rule(
    name="contact",
    kind="bot",
    looks_at="an address of the web or of mail in the user agent",
    why="who runs a program says where to complain; browsers have no such address",
    source="RFC 9309 §2.2.1, and what programs of all lists have in common",
    version=1,
    patterns=(
        r"(?i)\+ ?https?:",
        r"(?i)(?:^|[ ;(])(?:https?://[a-z0-9]|www\.[a-z0-9])",
        r"(?i)\w@[a-z0-9-]+\.[a-z]|\w(?:\[at\]|\(at\)|; at; )|mailto:",
        r"(?i)\.(?:com|net|org|io|ai|party)\)",
    ),
)
