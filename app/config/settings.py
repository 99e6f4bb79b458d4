"""Settings that configure every process: name, default, parser, unit and one sentence for each.

Rule 1: a setting is declared here, or in :mod:`app.config.store_settings`, and nowhere else; the
        rest of the code is given values, which :mod:`app.config.loading` reads.
Rule 2: the variable is ``HOPLINE_`` plus the field's name in capitals.
Rule 3: a unit stands in the name (``_ms``, ``_seconds``, ``_bytes``).
"""

import os
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field

from app.config.store_settings import StoreSettings
from app.config.types import (
    Bind,
    Count,
    HeaderName,
    Hosts,
    MetricsBind,
    Origins,
    OwnNetworks,
    Peers,
    Place,
    Places,
    RuleModes,
    Seconds,
    Token,
    WebUrl,
)
from app.config.variables import cache_dir, default_data_dir

_ANY_ADDRESS = ("0.0.0.0", "[::]", "*")  # noqa: S104 - compared with, not bound to


class Settings(StoreSettings):
    """All settings of all three services and the command; immutable once read."""

    # Redirect
    redirect_bind: Bind = Field("127.0.0.1:8080", description="Where the redirect service listens.")
    redirect_workers: Count = Field(
        default_factory=lambda: os.cpu_count() or 1,
        description="Redirect worker processes; one for each core by default.",
    )
    fast_lane: bool = Field(
        True, description="Answer common visits without WSGI; when off, Falcon answers every one."
    )
    public_url: WebUrl | None = Field(
        None, description="What short links start with in public; made from the bind by default."
    )
    own_hosts: Hosts = Field(
        (), description="Further hosts that serve our links, which no target may point to."
    )
    code_length: int = Field(
        7, ge=4, le=32, description="Characters of a short code that Hopline makes up."
    )
    allow_private_targets: bool = Field(
        True, description="Whether links may lead to private networks; public services say no."
    )
    trusted_proxies: Peers = Field(
        (),
        description="Proxies that are believed about visits (X-Forwarded-For, Forwarded,"
        " X-Request-ID, X-Request-Start): networks (CIDR, comma-separated), and unix: for whoever"
        " can connect to the Unix socket.",
    )
    client_address_header: HeaderName = Field(
        "",
        description="The header in which these proxies name the visitor's address, e.g."
        " CF-Connecting-IP, X-Real-IP or True-Client-IP, and no other is read; by default"
        " X-Forwarded-For or else Forwarded.",
    )
    count_only: Literal["off", "gpc", "gpc,dnt"] = Field(
        "off",
        description="Which visits are counted without anything of their visitor, be it address,"
        " user agent or id: those with Sec-GPC, or with DNT too. Reports lack these visitors.",
    )
    record_budget_ms: Seconds = Field(
        10.0, description="How long a redirect waits for Redis to confirm the click."
    )
    lookup_budget_ms: Seconds = Field(
        25.0,
        description="How long a redirect waits for Redis where it has the link as last seen.",
    )
    lookup_timeout_ms: Seconds = Field(
        1_000.0,
        description="How long Redis may be silent before visitors of links that aren't in memory"
        " get 503.",
    )
    confirm: Literal["master", "replica"] = Field(
        "master", description="Who must have a click, else it is spooled: Redis, or a replica too."
    )
    link_cache_size: Count = Field(
        100_000,
        description="Links that one redirect worker keeps in memory, or a kilobyte for each.",
    )
    link_stale_seconds: Seconds = Field(
        3600.0, description="How long links last seen keep redirecting while Redis is away."
    )
    unknown_cache_size: Count = Field(
        10_000, description="Unknown codes that one redirect worker remembers."
    )
    unknown_cache_seconds: Seconds = Field(
        5.0, description="How long an unknown code is remembered."
    )
    resend_seconds: Seconds = Field(
        4.0,
        description="Confirmed clicks this young are sent again when Redis restarts or fails over.",
    )
    spool_dir: Place | None = Field(
        None, description="Where clicks wait while Redis is away; DATA_DIR/spool by default."
    )
    spool_max_bytes: Count = Field(
        1 << 30, description="Most that the spool may hold; past it new clicks are refused loudly."
    )
    # Ids of clicks that lie ten years behind that count as damaged beyond dating, and go at once.
    spool_damaged_days: int = Field(
        30,
        ge=1,
        le=3_650,
        description="Days after which damaged clicks and spools that were set aside are deleted.",
    )
    spool_drain_per_second: Count = Field(
        5_000, description="Clicks a second that one worker sends from the spool to Redis."
    )

    # Console
    console_bind: Bind = Field("127.0.0.1:8081", description="Where the console listens.")
    console_threads: Count = Field(
        16, description="Requests for reports that may wait at the same time; more get 503."
    )
    console_reports: Count = Field(
        3,
        description="Reports computed at the same time; further ones wait 2 s for their turn, then"
        " get 503.",
    )
    console_token: Token | None = Field(
        None,
        description="Bearer token that opens all of the console, beside API keys; it has to have"
        " one or the other where other machines reach it.",
    )
    yourls_unique_urls: bool = Field(
        True,
        description="Whether a URL that has a short link gets that one again from /yourls-api.php,"
        " as with YOURLS' own setting of that name.",
    )
    console_hosts: Hosts = Field(
        (),
        description="Host names under which the console may be asked, beside localhost and"
        " addresses.",
    )
    console_reads_per_minute: Count = Field(
        120_000,
        description="Requests that change nothing, of one key; more get 429. By default about as"
        " many as one process answers.",
    )
    console_writes_per_minute: Count = Field(
        60_000, description="Requests that change something, of one key; more get 429."
    )
    console_reports_per_minute: Count = Field(
        600, description="Requests for reports or clicks, of one key; more get 429."
    )
    console_origins: Origins = Field(
        (),
        description="Origins of web pages whose scripts may ask the console with a key of theirs"
        " (CORS), as https://app.example; by default none.",
    )

    # Workers
    consumers: Count = Field(
        default_factory=lambda: os.cpu_count() or 1,
        description="Consumer processes of the group; one for each core by default.",
    )
    consumers_max: Count | None = Field(
        None,
        description="Most consumers when load decides how many there are, at least CONSUMERS; by"
        " default there are always CONSUMERS.",
    )
    batch_size: Count = Field(100, description="Entries asked for in one read (XREADGROUP COUNT).")
    block_ms: Count = Field(5_000, description="How long a read waits for entries (BLOCK).")
    insert_rows: Count = Field(10_000, description="Rows at which a batch is inserted.")
    insert_seconds: Seconds = Field(1.0, description="Age at which a batch is inserted.")
    claim_idle_seconds: Seconds = Field(
        60.0, description="Silence after which a consumer counts as dead and others take over."
    )
    max_deliveries: Count = Field(
        5, description="Deliveries after which an entry that kills consumers is a dead letter."
    )
    breaker_share: float = Field(
        0.5,
        gt=0.1,
        le=1,
        description="Share of a consumer's last 100 clicks that may fail unexpectedly before it"
        " stops for a minute.",
    )
    replay_horizon_seconds: Seconds = Field(
        86_400.0, description="How long processed clicks stay in the stream, for a replay."
    )
    aof_rewrite: bool = Field(
        True,
        description="Whether the workers have Redis write its append-only file anew once a day, so"
        " that it forgets addresses and salts that were deleted.",
    )
    drain_seconds: Seconds = Field(
        8.0, description="Most that a stop may take before what is left is killed."
    )
    geoip_path: Places = Field(
        (),
        description="Databases (.mmdb) of countries, cities, networks; the first that knows an"
        " answer gives it. Without one, places are unknown.",
    )
    store_addresses: Literal["network", "full", "none"] = Field(
        "network",
        description="What of a visitor's address is stored: its /24 or /48, all or nothing.",
    )
    rules: RuleModes = Field(
        (),
        description="Modes of rules that tell programs from people, as headless=shadow,contact=off:"
        " enforcing, shadow or off; `hopline rules` shows them all.",
    )
    own_networks: OwnNetworks = Field(
        (),
        description="Your own networks (CIDR, comma-separated), whose clicks are recorded as own"
        " and not counted as people's.",
    )

    # Webhooks
    webhook_allow_private: bool = Field(
        False, description="Whether webhooks may be sent to private networks."
    )
    webhook_timeout_seconds: Seconds = Field(
        15.0, description="How long a webhook's receiver may take to answer."
    )
    webhook_retry_seconds: Seconds = Field(
        172_800.0,
        description="How long a delivery is tried again before it is given up, and its webhook"
        " disabled if nothing got through meanwhile.",
    )
    webhook_backlog_bytes: Count = Field(
        128 << 20,
        description="Most that undelivered events of all webhooks may take up in Redis; past its"
        " share, a webhook loses further ones, loudly.",
    )

    # Metrics and logs
    redirect_metrics_bind: MetricsBind = Field(
        "127.0.0.1:9180",
        description="Where the redirect service's metrics are served at /-/metrics; or off.",
    )
    workers_metrics_bind: MetricsBind = Field(
        "127.0.0.1:9181", description="Where the workers' metrics are served at /-/metrics; or off."
    )
    metrics_token: Token | None = Field(
        None,
        description="Bearer token that whoever reads metrics has to send; the console's own token"
        " opens the console's metrics, too.",
    )
    metrics_open: bool = Field(
        False,
        description="Show metrics without a token to other machines, too, in a private network.",
    )
    metrics_hosts: Hosts = Field(
        (),
        description="Host names under which redirect's and workers' metrics may be asked, beside"
        " localhost and addresses.",
    )
    metrics_dir: Place | None = Field(
        None,
        description="Where processes leave their metrics to be added up; DATA_DIR/metrics by"
        " default.",
    )
    index_dir: Place | None = Field(
        None,
        description="Where the console keeps its search index of links, which may be deleted;"
        " DATA_DIR/index by default.",
    )
    log_format: Literal["text", "json", "logfmt"] = Field(
        "text", description="How log lines look: for people, or for programs."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe log lines that are written."
    )

    # This machine
    settings_file: Place | None = Field(
        None,
        description="File of further HOPLINE_ variables, read again by workers on SIGHUP; the"
        " environment goes before it.",
    )
    data_dir: Place = Field(
        default_factory=default_data_dir,
        description="Where `hopline up` and the spool keep their files.",
    )
    cache_dir: Place = Field(
        default_factory=cache_dir, description="Where the embedded stores are kept once fetched."
    )

    @property
    def link_base(self) -> str:
        """What short links start with, without a slash at the end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        return f"http://{self._reachable_bind()}"

    @property
    def link_hosts(self) -> tuple[str, ...]:
        """Every host, or host and port, that serves our links."""
        public = (urlsplit(self.public_url).hostname or "",) if self.public_url else ()
        return (*public, self._reachable_bind(), *self.own_hosts)

    @property
    def lookup_timeout_seconds(self) -> float:
        """How long Redis may be silent before lookups fail; never less than the budget."""
        return max(self.lookup_timeout_ms, self.lookup_budget_ms) / 1000

    @property
    def spool_directory(self) -> Path:
        """Where clicks wait on this host while Redis is away."""
        return self.spool_dir or self.data_dir / "spool"

    @property
    def links_index(self) -> Path:
        """The file of the search index of links."""
        return (self.index_dir or self.data_dir / "index") / "links.db"

    def metrics_of(self, service: str) -> Path:
        """Return where the processes of a service (``redirect``, say) leave their metrics."""
        return (self.metrics_dir or self.data_dir / "metrics") / service

    def _reachable_bind(self) -> str:
        host, _, port = self.redirect_bind.rpartition(":")
        if self.redirect_bind.startswith(("unix:", "fd://")):
            return "localhost"
        return f"127.0.0.1:{port}" if host in _ANY_ADDRESS else self.redirect_bind
