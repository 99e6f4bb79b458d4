"""Access rules that keep other users of the machine out of the ClickHouse of `hopline up`.

The server inside chDB's library always logs in as ``default`` without a password, from the loopback
address, to begin to listen; and whoever is let in as that user reads every file that we can read,
with ``SELECT file('…')``. So ``default`` may begin to listen and nothing else, by three bounds, as
each of them alone can be walked around:

- Its rights: ``SYSTEM LISTEN``. They don't hold for functions.
- Its quota: one query, which it has used up when it listens. A SELECT of no table isn't counted.
- The size of its queries: no more text and no more parts than that one has, which no SELECT fits
  into. Only a SETTINGS clause could lift the second bound, and the first leaves it no room.
"""

import hashlib
from pathlib import Path
from xml.sax.saxutils import escape

from app.local.ports import LOOPBACK

#: The user whose password is made anew by each `hopline up`.
USER = "hopline"
#: The one query of the user ``default``.
LISTEN = "SYSTEM START LISTEN TCP;"
#: What a quota counts within; the longest that ClickHouse reads, in seconds.
_FOR_EVER = 2_000_000_000
#: ClickHouse's own defaults, in a profile of their own so that nobody with less may choose it.
_QUERY_BYTES, _QUERY_ELEMENTS = 262_144, 50_000


def access(directory: Path, password: str, others: str = "", their_bounds: str = "") -> str:
    """Return the users and profiles of a configuration file, which names itself for them.

    Args:
        directory: where the file, ``config.xml``, stands.
        password: of :data:`USER`.
        others: further users, as XML.
        their_bounds: further profiles, as XML.
    """
    return f"""
  <user_directories><users_xml>
    <path>{escape(str(directory / "config.xml"))}</path>
  </users_xml></user_directories>
  <profiles>
    <default>
      <max_query_size>{_QUERY_BYTES}</max_query_size>
      <max_ast_elements>{_QUERY_ELEMENTS}</max_ast_elements>
    </default>
    {their_bounds}
  </profiles>
  <quotas>
    <default/>
    <one_query>
      <interval><duration>{_FOR_EVER}</duration><queries>1</queries></interval>
    </one_query>
  </quotas>
  <users>
    <{USER}>
      <password_sha256_hex>{hashlib.sha256(password.encode()).hexdigest()}</password_sha256_hex>
      <networks><ip>{LOOPBACK}</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </{USER}>
    {others}
  </users>
"""


def embedded_access(directory: Path, password: str) -> str:
    """Return the same for chDB's library, with its own user, who begins to listen."""
    user = f"""
    <default>
      <password></password>
      <networks><ip>{LOOPBACK}</ip></networks>
      <profile>listening</profile>
      <quota>one_query</quota>
      <grants><query>GRANT SYSTEM LISTEN ON *.*</query></grants>
    </default>"""
    profile = f"""
    <listening>
      <max_query_size>{len(LISTEN)}</max_query_size>
      <max_ast_elements>1</max_ast_elements>
      <constraints>
        <max_query_size><const/></max_query_size>
        <max_ast_elements><const/></max_ast_elements>
      </constraints>
    </listening>"""
    return access(directory, password, others=user, their_bounds=profile)
