"""Advice that fits a failure of Redis: what a person can do when it can't be used."""

from app.stores.redis.errors import RedisError, RedisRefused

_RIGHTS = "deploy/redis/hopline-users.conf has what Hopline's users need"
_NODE = "it is a node of a cluster: docs/cluster.md has the URL"
_UNSERVED = "bring the primary back whose slots nobody serves, or a replica of it: docs/cluster.md"
_MOVING = "wait until the slot is moved; a move that was given up has to be ended: docs/cluster.md"
_LOADING = "wait until it has read them; `hopline doctor` says how far it is"
_ADDRESS = "set HOPLINE_REDIS_URL to where Redis is"
_SENTINELS = "bring a majority of the Sentinels back, and see what `hopline doctor` says of each"
_CERTIFIED = (
    "use the name in HOPLINE_REDIS_URL that its certificate has; Sentinels have to announce it, too"
)
#: Words of an error in small letters, in the order in which they are looked for.
_ADVICE = (
    ("sentinels name a master, ", _SENTINELS),
    ("the sentinels disagree", _SENTINELS),
    ("but it isn't yet", "wait: Sentinels have a replica promoted"),
    ("protected mode", "give Redis a password for its users, or have it listen on loopback alone"),
    ("without any password", "take user and password out of HOPLINE_REDIS_URL: Redis has none"),
    ("no password is set", "take user and password out of HOPLINE_REDIS_URL: Redis has none"),
    ("does not let us in", "set user and password in HOPLINE_REDIS_URL as Redis' ACL has them"),
    ("no permissions", f"grant it: {_RIGHTS}"),
    ("crossslot", _NODE),
    ("max number of clients", "raise Redis' maxclients, or see in CLIENT LIST who fills it"),
    ("certificate has expired", "renew Redis' certificate, and have Redis read it"),
    ("not yet valid", "see whether this machine's clock is right"),
    ("certificate is not valid for", _CERTIFIED),
    ("mismatch, certificate", _CERTIFIED),
    ("certificate_required", "Hopline shows no certificate: set Redis' tls-auth-clients no"),
    ("certificate required", "Hopline shows no certificate: set Redis' tls-auth-clients no"),
    ("certificate_verify_failed", "name the CA in HOPLINE_REDIS_URL: ?ssl_ca_certs=FILE"),
    ("certificate verify failed", "name the CA in HOPLINE_REDIS_URL: ?ssl_ca_certs=FILE"),
    ("ssl", "rediss:// is for a port that speaks TLS, redis:// for one that does not"),
    ("is a replica", "lead HOPLINE_REDIS_URL to the master, or promote this server"),
    ("read only replica", "lead HOPLINE_REDIS_URL to the master, or promote this server"),
    ("masterdown", "lead HOPLINE_REDIS_URL to the master, or promote this server"),
    ("link with master is down", "lead HOPLINE_REDIS_URL to the master, or promote this server"),
    ("noreplicas", "bring its replicas back, or lower its min-replicas-to-write"),
    ("not enough good replicas", "bring its replicas back, or lower its min-replicas-to-write"),
    ("is loading its data", _LOADING),
    ("loading the dataset", _LOADING),
    ("used memory", "give Redis more memory: maxmemory"),
    ("misconf", "make room on Redis' disk, and see its log"),
    ("errors writing to", "make room on Redis' disk, and see its log"),
    ("busy running a script", "wait, or end the script that holds it up: SCRIPT KILL"),
    ("busy redis", "wait, or end the script that holds it up: SCRIPT KILL"),
    ("is a node of a cluster", _NODE),
    ("is no node of a cluster", "name nodes of a cluster, or write the URL as redis://"),
    ("are of two clusters", "name nodes of one cluster in HOPLINE_REDIS_URL"),
    ("no node serves slot", _UNSERVED),
    ("serves no slots", _UNSERVED),
    ("clusterdown", _UNSERVED),
    ("hands a slot over", _MOVING),
    ("tryagain", _MOVING),
    ("cluster mode", _NODE),
    ("db index", "set the database in HOPLINE_REDIS_URL to one that Redis has, e.g. /0"),
    ("invalid db", "set the database in HOPLINE_REDIS_URL to one that Redis has, e.g. /0"),
    ("unknown command", "take the rename-command of it out of redis.conf"),
    ("unknown redis command", "take the rename-command of it out of redis.conf"),
    ("noproto", "Hopline needs Redis 7.0 or newer, or Valkey"),
    ("wrongtype", "another program uses a key of Hopline's: give each a database of its own (/1)"),
    ("wrong kind of value", "another program uses a key of Hopline's: give each its own database"),
    ("nogroup", "start the workers, which make the group: `hopline workers`"),
    ("no such key", "start the workers, which make the stream: `hopline workers`"),
    ("unblocked", "somebody deleted the stream: see `hopline audit`"),
    ("is no redis", _ADDRESS),
    ("protocol error", _ADDRESS),
    ("name resolution", "see why names can't be looked up here"),
    ("not known", "set HOPLINE_REDIS_URL to a name that leads to Redis"),
    ("no address associated", "set HOPLINE_REDIS_URL to a name that leads to Redis"),
    ("permission denied", "let this user connect to its socket: unixsocketperm, or its group"),
    ("no such file", f"start it, or {_ADDRESS}"),
    ("no route to host", "see why the network between here and there is cut"),
    ("unreachable", "see why the network between here and there is cut"),
    ("timeout", "see whether it is paused (CLIENT UNPAUSE), busy (LATENCY LATEST) or cut off"),
    ("timed out", "see whether it is paused (CLIENT UNPAUSE), busy (LATENCY LATEST) or cut off"),
)
#: The server knows why it said no, and Hopline doesn't.
_SEE_ITS_LOG = "see Redis' log, and who else uses it"


def advice(error: RedisError) -> str:
    """Return what to do; '' if nobody answers, or the error says it itself."""
    text = str(error).lower()
    for words, what in _ADVICE:
        if words in text:
            return what
    is_told = isinstance(error, RedisRefused) and " says: " in text
    return _SEE_ITS_LOG if is_told else ""
