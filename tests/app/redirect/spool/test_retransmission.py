import gevent
import pytest
from prometheus_client import CollectorRegistry

from app.metrics.redirect import RedirectMetrics
from app.redirect.redis.resp import encode_command
from app.redirect.spool.file import SpoolError, SpoolFile
from app.redirect.spool.retransmission import Retransmission
from app.redirect.spool.retransmit_buffer import RetransmitBuffer, Segment
from app.redirect.spool.spool import Spool
from tests.support.redirect.fakes import keep_none
from tests.support.redirect.waiting import wait_until


def click(number: int, size: int = 10) -> bytes:
    return encode_command(b"XADD", b"s", b"*", b"click_id", b"%032x" % number, b"a", bytes(size))


def write(*commands: bytes) -> tuple[bytes, int]:
    return b"".join(commands), len(commands)


def segment_of(*commands: bytes) -> Segment:
    return Segment(0.0, list(commands), len(commands))


def segments(count: int) -> list[Segment]:
    buffer = RetransmitBuffer(60)
    for number in range(count):
        buffer.add(*write(click(number, 1000)))
    return buffer.take(0)


class FullFile(SpoolFile):
    """A disk that takes nothing until it has room."""

    has_room = False

    def write(self, rows, forgotten=()) -> None:
        if rows and not self.has_room:
            raise SpoolError("full", "no room")
        super().write(rows, forgotten)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def file(tmp_path):
    made = FullFile(tmp_path, 1 << 30)
    yield made
    made.close()


@pytest.fixture
def metrics(registry):
    return RedirectMetrics(registry)


@pytest.fixture
def spool(file, metrics):
    made = Spool(file, metrics, keep_none)
    yield made
    made.close(60)


def counted(registry: CollectorRegistry, name: str) -> float:
    return registry.get_sample_value(f"hopline_clicks_{name}_total")


def test_all_reach_the_spool_with_time_for_others_between(file, spool, metrics, registry):
    file.has_room = True
    retransmission = Retransmission(spool, metrics)
    retransmission.add(segments(2000))
    assert len(retransmission) == 2000
    ticks = 0
    while len(retransmission):
        gevent.sleep(0)
        ticks += 1
    assert ticks > 20
    assert file.count() == counted(registry, "resent") == 2000
    assert registry.get_sample_value("hopline_clicks_total", {"outcome": "spooled"}) == 0


def test_what_a_full_disk_refuses_stays_in_memory_until_there_is_room(
    file, spool, metrics, registry
):
    retransmission = Retransmission(spool, metrics)
    retransmission.add(segments(500))
    gevent.sleep(0.1)
    retransmission.add([segment_of(click(number)) for number in range(500, 520)])
    assert len(retransmission) == 520
    file.has_room = True
    wait_until(lambda: len(retransmission) == 0)
    assert file.count() == 520
    assert counted(registry, "unguarded") == 0


def test_a_worker_that_ends_says_what_the_disk_did_not_take(spool, metrics, registry, caplog):
    retransmission = Retransmission(spool, metrics)
    retransmission.add(segments(10))
    retransmission.close(2)
    assert "10 clicks that Redis confirmed last could not be put into the spool" in caplog.text
    assert counted(registry, "unguarded") == 10


def test_it_is_bounded_in_bytes(spool, metrics, registry):
    retransmission = Retransmission(spool, metrics, limit_bytes=5_000)
    retransmission.add(segments(1000))
    assert len(retransmission) + counted(registry, "unguarded") == 1000
    assert len(retransmission) < 500
    retransmission.close(1)


def test_a_click_to_be_forgotten_before_it_was_sent_again_stays(file, spool, metrics):
    file.has_room = True
    spool.append((1).to_bytes(16, "big"), click(1), lambda: None)
    spool.forget((1).to_bytes(16, "big"))
    retransmission = Retransmission(spool, metrics)
    retransmission.add([segment_of(click(1))])
    retransmission.close(60)
    gevent.sleep(0.1)
    assert file.count() == 1
