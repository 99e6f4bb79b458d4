"""Table of all rules, in the order in which they decide."""

from app.verdicts.ai import AI_AGENT, AI_CRAWLER, AI_SEARCH
from app.verdicts.forms import BARE, COMPATIBLE, NO_DEVICE, NO_USER_AGENT
from app.verdicts.libraries import HEADLESS, HTTP_LIBRARY
from app.verdicts.rule import Rule
from app.verdicts.services import LINK_PREVIEW, MAIL_SCANNER, MONITOR, SECURITY_SCANNER
from app.verdicts.traffic import CLICK_RATE, DATACENTRE_NETWORK, MAIL_BURST
from app.verdicts.visit import COUNTED_PROGRAM, OWN_DEVICE, OWN_NETWORK, PREFETCH, SUSPICION
from app.verdicts.words import BOT_WORD, CONTACT, PURPOSE_WORD

#: Its patterns, :func:`app.verdicts.crawler_list.listed_patterns`, take long to load: whoever wants
#: to know the rules' names only does without.
CRAWLER_LIST = Rule(
    name="crawler-list",
    kind="bot",
    looks_at="the patterns of the installed list, narrowed to programs",
    why="people collect what programs call themselves, with an example of each",
    source="https://github.com/monperrus/crawler-user-agents, MIT",
    version=1,
)

#: The first that matches and is enforced decides; all that match are reasons.
RULES = (
    OWN_DEVICE,
    OWN_NETWORK,
    COUNTED_PROGRAM,
    NO_USER_AGENT,
    BARE,
    AI_AGENT,
    AI_SEARCH,
    AI_CRAWLER,
    LINK_PREVIEW,
    MAIL_SCANNER,
    SECURITY_SCANNER,
    MONITOR,
    CRAWLER_LIST,
    HTTP_LIBRARY,
    HEADLESS,
    BOT_WORD,
    PURPOSE_WORD,
    CONTACT,
    COMPATIBLE,
    NO_DEVICE,
    PREFETCH,
    MAIL_BURST,
    CLICK_RATE,
    DATACENTRE_NETWORK,
    SUSPICION,
)
