import re
from pathlib import Path

import pytest

from app.config import variables
from app.config.loading import load
from app.config.settings import Settings
from app.config.variables import SettingsError, variable


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    monkeypatch.setenv("HOPLINE_DATA_DIR", str(tmp_path))


def test_the_adrs_values_are_the_defaults() -> None:
    held = load()
    assert (held.stream, held.group) == ("clicks:stream", "analytics-group")
    assert (held.stream_maxlen, held.batch_size, held.block_ms) == (1_000_000, 100, 5_000)


def test_every_setting_has_a_sentence() -> None:
    for name, field in Settings.model_fields.items():
        assert (field.description or "").endswith("."), name


def test_a_variable_is_the_prefix_and_the_fields_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPLINE_BATCH_SIZE", "250")
    assert load().batch_size == 250


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPLINE_BATCH_SIZE", "")
    monkeypatch.setenv("HOPLINE_CONSOLE_TOKEN", "")
    assert load().batch_size == 100
    assert load().console_token is None


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("redis_url", "http://h/0", "'http://h/0': expected a URL that starts with redis or"),
        ("redis_url", "redis:h", "expected a URL that starts with"),
        ("click_ttl_days", "36500", "input should be less than or equal to 10000"),
        ("spool_damaged_days", "3651", "input should be less than or equal to 3650"),
        ("redis_url", "redis://h:seven/0", "expected HOST or HOST:PORT"),
        ("redis_url", "redis://h:99999/0", "expected HOST or HOST:PORT"),
        ("redis_url", "redis://h/first", "the database, after the host or as ?db=, to be a number"),
        ("redis_url", "redis://a..b/0", "expected HOST or HOST:PORT"),
        ("redis_url", f"redis://{'x' * 64}.example/0", "expected HOST or HOST:PORT"),
        ("clickhouse_url", "clickhouse://.b:9000/hopline", "expected HOST or HOST:PORT"),
        ("redirect_bind", "a..b:80", "expected HOST:PORT"),
        ("redis_url", "redis://[::1", "expected HOST or HOST:PORT"),
        ("redis_url", "redis://a:26379,b:26379/0", "several can only be Sentinels"),
        ("redis_url", "redis-sentinel://a", "whose URL is redis+sentinel://"),
        ("redis_url", "redis-cluster://a,b:6379", "redis+cluster://USER:PASSWORD@HOST:6379"),
        ("redis_url", "redis+cluster://a,b:6379/1", "a cluster has one database: expected no /1"),
        ("redis_url", "redis+cluster://a,b:6379?db=2", "a cluster has one database"),
        ("redis_url", "redis+cluster://a,b/first", "to be a number, e.g. /0"),
        ("redis_url", "redis+cluster://a,b,a", "expected each node of the cluster once"),
        ("redis_url", "redis+cluster://a,,b", "and a host for each"),
        ("redis_url", "redis://a,b", "several can only be Sentinels"),
        ("redis_url", "redis+sentinel://a:26379,b", "the master's name after the Sentinels"),
        ("redis_url", "redis+sentinel://a,b/my%20master/0", "the master's name after"),
        ("redis_url", "redis+sentinel://a,b/mymaster/first", "to be a number, e.g. /0"),
        ("redis_url", "redis+sentinel://a,,b/mymaster", "each Sentinel once, and a host for each"),
        ("redis_url", "redis+sentinel://a,b,a/mymaster", "each Sentinel once"),
        ("redis_url", "redis+sentinel://a,b:99999/mymaster", "expected HOST or HOST:PORT"),
        ("clickhouse_cluster", "a/b", "expected the name of a cluster"),
        ("clickhouse_quorum", "auto", "expected HOPLINE_CLICKHOUSE_CLUSTER"),
        ("clickhouse_quorum", "most", "'0', '2' or 'auto'"),
        ("clickhouse_url", "http://h:8123", "clickhouse or clickhouses"),
        ("clickhouse_url", "clickhouse://a:9000,,b/db", "each ClickHouse once, and a host for"),
        ("clickhouse_url", "clickhouse://a:9000,b,a:9000/db", "expected each ClickHouse once"),
        ("clickhouse_url", "clickhouse://a:9000,b:seven/db", "expected HOST or HOST:PORT"),
        ("public_url", "go.example.com", "https:// or http://"),
        ("public_url", "https://go.example.com/?x", "without user, ? and #"),
        ("public_url", "https://a..b/", "no host name"),
        ("own_hosts", "go.example.com,b/c", "no host: expected HOST"),
        ("console_origins", "*", "start with https:// or http://"),
        ("console_origins", "null", "start with https:// or http://"),
        ("console_origins", "https://a.example,https://b.example/x", "nothing behind it"),
        ("console_origins", "https://u@b.example", "nothing behind it"),
        ("console_origins", "https://b.example?", "nothing behind it"),
        ("redirect_bind", "8080", "'8080': expected HOST:PORT, unix:PATH or fd://N"),
        ("redirect_bind", "h:99999", "expected HOST:PORT"),
        ("redirect_bind", ":80", "expected HOST:PORT"),
        ("redirect_bind", "::1:80", "an IPv6 address in brackets"),
        ("redirect_bind", "http://127.0.0.1:80", "expected HOST:PORT"),
        ("redirect_bind", "127.0.0.1:8\u00b2", "expected HOST:PORT"),
        ("redirect_bind", "unix:", "expected HOST:PORT"),
        ("console_bind", "fd://x", "expected HOST:PORT"),
        ("console_bind", "h:port", "expected HOST:PORT"),
        ("redirect_metrics_bind", "unix:/run/m", "'unix:/run/m': expected HOST:PORT or off"),
        ("workers_metrics_bind", "no", "expected HOST:PORT"),
        ("trusted_proxies", "10.0.0.0/8, nonsense", "'nonsense': expected addresses, networks"),
        ("dead_stream", "clicks:stream", "expected another than HOPLINE_STREAM"),
        ("stream_maxlen", "0", "'0': input should be greater than or equal to 1"),
        ("batch_size", "many", "'many': input should be a valid integer"),
        ("batch_size", "1.5", "valid integer"),
        ("code_length", "3", "greater than or equal to 4"),
        ("code_length", "33", "less than or equal to 32"),
        ("insert_seconds", "nan", "finite number"),
        ("insert_seconds", "inf", "finite number"),
        ("insert_seconds", "-1", "greater than 0"),
        ("click_ttl_days", "-1", "greater than or equal to 0"),
        ("store_addresses", "some", "'network', 'full' or 'none'"),
        ("log_level", "LOUD", "'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("log_format", "xml", "'text', 'json' or 'logfmt'"),
        ("allow_private_targets", "perhaps", "valid boolean"),
        ("console_token", "short", "'***': string should have at least 16 characters"),
        ("console_token", "geheim-geheim-\u20ac-geheim", "'***': expected printable ASCII"),
        ("metrics_token", "geheim-geheim-geheim\nX: y", "'***': expected printable ASCII"),
        ("metrics_token", " geheim-geheim-geheim", "without blanks at either end"),
    ],
)
def test_a_bad_value_names_variable_value_and_need(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(variable(name), value)
    with pytest.raises(SettingsError) as refused:
        load()
    text = str(refused.value)
    assert text.startswith(f"{variable(name)}='")
    assert complaint in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("redis_url", "rediss://user:geheim@h:6380/3?ssl_ca_certs=/etc/ca.pem"),
        ("redis_url", "unix:///run/redis.sock?db=2"),
        ("redis_url", "rediss+cluster://u:p@a:7000,[::1]:7001,c/0?ssl_ca_certs=/etc/ca.pem"),
        ("redis_url", "redis+cluster://a"),
        ("clickhouse_url", "clickhouses://u:p@h/db"),
        ("clickhouse_url", "clickhouse://u:p@ch1:9000,ch2,[::1]:9001,[::2]/db?compression=lz4"),
        ("redirect_bind", "unix:/run/hopline.sock"),
        ("redirect_bind", "fd://3"),
        ("redirect_bind", "[::]:80"),
        ("log_level", "DEBUG"),
    ],
)
def test_good_values_are_taken_as_they_are(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(variable(name), value)
    assert getattr(load(), name) == value


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPLINE_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8 ,")
    assert load().trusted_proxies == ("10.0.0.0/8", "fd00::/8")


def test_origins_are_those_that_browsers_send(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPLINE_CONSOLE_ORIGINS", "https://App.example:443/, http://[::1]:3000")
    assert load().console_origins == ("https://app.example", "http://[::1]:3000")


@pytest.mark.parametrize("name", ["CF-Connecting-IP", "x-real-ip", "True-Client-IP", "Forwarded"])
def test_the_header_of_the_visitors_address_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("HOPLINE_CLIENT_ADDRESS_HEADER", name)
    assert load().client_address_header == name


@pytest.mark.parametrize(
    "name", ["X_Real_IP", "X-Real-IP:", "a b", "x" * 33, "Host", "user-agent", "X-Request-ID", "é"]
)
def test_what_can_be_no_such_header_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("HOPLINE_CLIENT_ADDRESS_HEADER", name)
    with pytest.raises(SettingsError, match="HOPLINE_CLIENT_ADDRESS_HEADER"):
        load()


@pytest.mark.parametrize("name", ["settings_file", "data_dir"])
def test_a_url_that_came_to_the_wrong_setting_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(variable(name), "~nobody-here:geheim@h:6379/0")
    with pytest.raises(SettingsError) as refused:
        load()
    assert "geheim" not in str(refused.value)
    monkeypatch.setenv("HOPLINE_SETTINGS_FILE", "redis://:geheim@h:6379/0")
    with pytest.raises(SettingsError) as refused:
        load()
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("name", ["settings_file", "data_dir", "spool_dir"])
def test_a_path_from_a_folder_that_is_gone_is_a_bad_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setenv(variable(name), "place")
    with pytest.raises(SettingsError, match=rf"{variable(name)}='place': it counts from a folder"):
        load()


def test_a_user_without_a_home_says_where_data_go_and_needs_no_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for kind in ("data", "cache"):
        monkeypatch.setattr(variables.platformdirs, f"user_{kind}_dir", lambda _: "~nobody-here/x")
    assert load().cache_dir == Path("/var/cache/hopline")
    monkeypatch.delenv("HOPLINE_DATA_DIR")
    with pytest.raises(SettingsError, match="HOPLINE_DATA_DIR"):
        load()


@pytest.mark.parametrize(
    "name", ["spool_dir", "metrics_dir", "data_dir", "cache_dir", "settings_file"]
)
def test_a_path_leads_to_the_same_place_from_everywhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / "place").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in ("place", "./place", "~/place"):
        monkeypatch.setenv(variable(name), given)
        held = load()
        assert getattr(held, name) == tmp_path / "place"
        assert held.spool_directory.is_absolute()


def test_several_databases_of_places_stand_between_commas(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOPLINE_GEOIP_PATH", "city.mmdb, /data/asn.mmdb,")
    assert load().geoip_path == (tmp_path / "city.mmdb", Path("/data/asn.mmdb"))
    monkeypatch.setenv("HOPLINE_GEOIP_PATH", "")
    assert load().geoip_path == ()


def test_a_home_that_is_nobodys_is_a_bad_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPLINE_SPOOL_DIR", "~nobody-of-this-name/spool")
    with pytest.raises(SettingsError, match="HOPLINE_SPOOL_DIR"):
        load()


def test_settings_cannot_be_changed_once_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().batch_size = 5  # type: ignore[misc]


@pytest.mark.parametrize("url", ["redis://u:geheim@h:seven", "redis://[u:geheim@h", "u:geheim@h"])
def test_error_texts_hold_no_password(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("HOPLINE_REDIS_URL", url)
    with pytest.raises(SettingsError) as refused:
        load()
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "base", "hosts"),
    [
        ({}, "http://127.0.0.1:8080", ("127.0.0.1:8080",)),
        ({"redirect_bind": "0.0.0.0:80"}, "http://127.0.0.1:80", ("127.0.0.1:80",)),
        ({"redirect_bind": "[::]:80"}, "http://127.0.0.1:80", ("127.0.0.1:80",)),
        ({"redirect_bind": "unix:/run/x"}, "http://localhost", ("localhost",)),
        (
            {"public_url": "https://Go.example.com/", "own_hosts": ("b.example",)},
            "https://go.example.com",
            ("go.example.com", "127.0.0.1:8080", "b.example"),
        ),
    ],
)
def test_where_links_start_and_which_hosts_serve_them(
    make_settings, given: dict[str, object], base: str, hosts: tuple[str, ...]
) -> None:
    held = make_settings(**given)
    assert held.link_base == base
    assert held.link_hosts == hosts


def test_no_other_file_reads_a_setting_from_the_environment() -> None:
    root = Path(variables.__file__).parents[2]
    paths = [path for folder in ("app", "workers") for path in (root / folder).rglob("*.py")]
    for path in paths:
        if path.name not in ("settings.py", "variables.py", "loading.py"):
            assert not re.search(r"(environ|getenv).*HOPLINE_", path.read_text()), path


def test_each_service_leaves_its_metrics_in_a_folder_of_its_own(tmp_path: Path) -> None:
    assert load().metrics_of("redirect") == tmp_path / "metrics" / "redirect"
    elsewhere = load().model_copy(update={"metrics_dir": Path("/run/metrics")})
    assert elsewhere.metrics_of("workers") == Path("/run/metrics/workers")


def test_a_cluster_goes_with_the_url_and_without_one_that_is_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", "clickhouse://u:p@a:9000,b/db")
    assert load().clickhouse_server == "clickhouse://u:p@a:9000,b/db"
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_CLUSTER", "hop-1")
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_QUORUM", "auto")
    assert load().clickhouse_server == (
        "clickhouse://u:p@a:9000,b/db?hopline_cluster=hop-1&hopline_quorum=auto"
    )
