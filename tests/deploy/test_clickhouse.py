"""The reference configuration for ClickHouse, as far as the embedded server can check it.

It knows no users but `default` (it is clickhouse-local), so that grants and quotas are checked by
its parser alone, while names of settings and backups are tried.
"""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from app.local.clickhouse import embedded_program, write_config
from app.local.downloads import CLICKHOUSE_LIBRARY, fetch
from app.stores.clickhouse.driver import Client
from tests.support.servers import Server

FOLDER = Path(__file__).parents[2] / "deploy" / "clickhouse"
USERS = ET.parse(FOLDER / "hopline-users.xml").getroot()
SERVER = ET.parse(FOLDER / "hopline-server.xml").getroot()
SHARDS = ET.parse(FOLDER / "hopline-shards.xml").getroot()


def one_column(server, query):
    return [row[0] for row in server.execute(query)]


def test_every_setting_of_a_profile_is_one(shared_clickhouse):
    used = {setting.tag for profile in USERS.find("profiles") for setting in profile}
    assert used <= set(one_column(shared_clickhouse, "SELECT name FROM system.settings"))


def test_every_setting_of_the_server_is_one(shared_clickhouse):
    groups = {"listen_host", "backups", "query_log", "part_log"}
    used = {setting.tag for setting in SERVER if not setting.get("remove")} - groups
    assert used <= set(one_column(shared_clickhouse, "SELECT name FROM system.server_settings"))


def test_the_example_of_shards_has_no_weight_and_sends_a_row_to_one_replica():
    shards = SHARDS.findall("remote_servers/hopline/shard")
    assert len(shards) == 2
    for shard in shards:
        assert shard.findtext("internal_replication") == "true"
        assert shard.find("weight") is None
    assert {one.tag for one in SHARDS.find("macros")} == {"shard", "replica"}


@pytest.mark.parametrize("grant", [query.text for query in USERS.iter("query")])
def test_every_grant_is_understood(shared_clickhouse, grant):
    said = one_column(shared_clickhouse, f"SELECT formatQuery('{grant} TO somebody')")
    assert said[0].startswith("GRANT")


def test_who_writes_and_who_reads_are_apart():
    grants = {
        user.tag: " ".join(q.text for q in user.iter("query")) for user in USERS.find("users")
    }
    assert "INSERT" not in grants["hopline_reports"]
    # Sums that were replaced are no clicks.
    for table in ("click_sums", "click_values"):
        grant = f"GRANT ALTER DELETE ON hopline.{table}"
        assert grant in grants["hopline_workers"]
        grants["hopline_workers"] = grants["hopline_workers"].replace(grant, "")
    for destructive in ("ALTER", "DROP", "TRUNCATE", "DELETE", "ALL"):
        assert destructive not in grants["hopline_workers"] + grants["hopline_reports"]


def test_every_user_has_a_profile_and_a_quota_that_are_there():
    profiles = {profile.tag for profile in USERS.find("profiles")}
    quotas = {quota.tag for quota in USERS.find("quotas")} | {"default"}
    for user in USERS.find("users"):
        assert user.find("profile").text in profiles
        assert user.find("quota").text in quotas


class _Configured(Server):
    """The embedded server with our file in the place of its own."""

    def __init__(self, directory, cache_dir):
        library = fetch(CLICKHOUSE_LIBRARY, cache_dir)
        config = (FOLDER / "hopline-server.xml").read_text()
        config = config.replace("/var/backups/clickhouse/", f"{directory}/backups/")

        def make_program(at, port):
            program = embedded_program(library, at, port)
            write_config(at, config)
            return program

        super().__init__(make_program, directory)


def test_a_backup_is_written_where_it_is_allowed_and_can_be_restored(tmp_path, cache_dir):
    with _Configured(tmp_path / "clickhouse", cache_dir) as server:
        client = Client("127.0.0.1", port=server.port)
        client.execute("CREATE DATABASE hopline")
        client.execute("CREATE TABLE hopline.clicks (id UInt64) ENGINE = MergeTree ORDER BY id")
        client.execute("INSERT INTO hopline.clicks VALUES", [(1,), (2,)])
        client.execute("BACKUP DATABASE hopline TO File('hopline-1')")
        assert (tmp_path / "clickhouse/backups/hopline-1").exists()
        client.execute("DROP DATABASE hopline SYNC")
        client.execute("RESTORE DATABASE hopline FROM File('hopline-1')")
        assert client.execute("SELECT sum(id) FROM hopline.clicks") == [(3,)]
        client.disconnect()
