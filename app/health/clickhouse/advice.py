"""Advice that fits an error code of ClickHouse: what a person can do when it can't be used.

https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
"""

from app.stores.clickhouse.connection import ClickHouseError

_DISK = "see whether ClickHouse's disk is full or failing: system.disks, and its log"
_MEMORY = "give ClickHouse more memory, or see in system.processes who takes it"
_LOAD = "ClickHouse has too much to do: see system.processes and system.merges, and its limits"
_TOO_LONG = (
    "it took longer than HOPLINE_CLICKHOUSE_TIMEOUT_SECONDS: ask for a shorter time, as by --since,"
    " raise that setting, or see in system.processes what else ClickHouse does"
)
_REPLICAS = "see why replicas or Keeper are away: system.replicas, and ClickHouse's log"
_SCHEMA = "somebody changed the table: compare SHOW CREATE TABLE with `hopline doctor`'s schema"
_RIGHTS = "grant it: deploy/clickhouse/hopline-users.xml has what Hopline's users need"
_ACCOUNT = "set user and password in HOPLINE_CLICKHOUSE_URL as ClickHouse has them"
_PASSES = "wait: it is starting, stopping, or somebody ended the query; else see ClickHouse's log"
_NAME_TAKEN = (
    "another server has the same macro replica, or this one lost its disk: SYSTEM DROP REPLICA, as"
    " docs/clickhouse-replicas.md says"
)
_NETWORK = "see why ClickHouse can't reach what it needs, and its log"
_ADDRESS = "HOPLINE_CLICKHOUSE_URL needs the port of the native protocol: 9000, or 9440 with TLS"

_ADVICE: dict[str, tuple[int, ...]] = {
    _DISK: (
        *(23, 24, 40, 74, 75, 76, 77, 87, 88, 172, 204, 214, 243, 274, 275, 294, 400, 402, 458),
        *(499, 500, 531, 566, 586, 590, 625, 641, 693, 734),
    ),
    _MEMORY: (173, 239, 240, 241, 777, 778),
    _TOO_LONG: (159, 160),
    _LOAD: (
        *(201, 202, 203, 216, 252, 298, 299, 364, 411, 439, 460, 573, 574, 635, 692),
        *(700, 745, 749, 762, 763, 776),
    ),
    _REPLICAS: (
        *(225, 242, 254, 265, 279, 285, 286, 289, 297, 319, 369, 384, 415, 416, 473, 517, 519),
        *(529, 738, 904, 999),
    ),
    _NAME_TAKEN: (253,),
    "name a policy of system.storage_policies that has a volume `cold`": (450, 478),
    "its tables differ from the other replicas': compare SHOW CREATE TABLE": (122, 342),
    _NETWORK: (95, 96, 198, 209, 210, 303, 410),
    _PASSES: (218, 236, 341, 394, 425, 667, 677, 696, 722, 733, 735, 1000, 1001, 1002),
    _SCHEMA: (8, 9, 10, 15, 16, 20, 36, 44, 46, 47, 48, 50, 53, 70, 107, 174, 352, 386),
    _RIGHTS: (164, 291, 452, 497, 720),
    _ACCOUNT: (192, 193, 194, 516),
    _ADDRESS: (99, 101, 102),
    "let this machine in: <networks> of the user in ClickHouse's configuration": (195,),
    "one that was detached or renamed has to be brought back: ATTACH TABLE, RENAME TABLE": (60, 81),
    "the server is older than it may be: Hopline needs ClickHouse 24.8 or newer": (115,),
    "see ClickHouse's configuration: it forbids what Hopline asks for": (344, 392, 446, 774),
}
_BY_CODE = {code: advice for advice, codes in _ADVICE.items() for code in codes}
#: Words of errors that have no code, in small letters.
_WORDS = (
    ("told yet", "wait until it has caught up: system.replicas says how far it is"),
    ("certificate has expired", "renew ClickHouse's certificate"),
    ("hostname mismatch", "use the name in HOPLINE_CLICKHOUSE_URL that its certificate has"),
    ("certificate", "name the CA in HOPLINE_CLICKHOUSE_URL: ?ca_certs=FILE"),
    ("ssl", "clickhouses:// is for a port that speaks TLS, clickhouse:// for one that doesn't"),
    ("unexpected packet", _ADDRESS),
    ("unknown packet", _ADDRESS),
    ("closed the connection", f"see ClickHouse's log; {_ADDRESS}"),
    ("name resolution", "see why names can't be looked up here"),
    ("not known", "set HOPLINE_CLICKHOUSE_URL to a name that leads to ClickHouse"),
    ("no address associated", "set HOPLINE_CLICKHOUSE_URL to a name that leads to ClickHouse"),
    ("no route to host", "see why the network between here and there is cut"),
    ("unreachable", "see why the network between here and there is cut"),
    ("timed out", "see whether it is busy (system.processes), frozen or cut off"),
    ("no answer in time", "see whether it is busy (system.processes), frozen or cut off"),
)
_SEE_ITS_LOG = "see ClickHouse's log"


def advice(error: ClickHouseError) -> str:
    """Return what to do; '' if nobody answers, or the error says it itself."""
    if error.code:
        return _BY_CODE.get(error.code, _SEE_ITS_LOG)
    text = str(error).lower()
    return next((advice for words, advice in _WORDS if words in text), "")
