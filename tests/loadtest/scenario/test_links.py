import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

from app.links.codes import is_valid
from app.links.files.rows import read_rows
from loadtest.scenario.links import Catalogue, Zipf, as_csv, target

ROOT = Path(__file__).parents[3]
CATALOGUE = Catalogue("load", hot_count=3, tail_count=7)


def test_the_links_are_what_hopline_imports(tmp_path):
    path = tmp_path / "links.csv"
    path.write_text(as_csv(CATALOGUE.rows()))
    with path.open("rb") as file:
        links = {row.link.code: row.link for row in read_rows(file)}
    assert set(CATALOGUE.hot()) < set(links)
    assert links["load-hot-0000"].given["target"] == target("load-hot-0000")


def test_unknown_codes_are_not_among_the_links():
    made = {row[0] for row in CATALOGUE.rows()}
    assert not made & set(CATALOGUE.unknown())
    assert made > {*CATALOGUE.hot(), *CATALOGUE.tail(), *CATALOGUE.expired(), CATALOGUE.viral()}


def test_the_tail_has_every_redirect_status():
    statuses = {row[2] for row in CATALOGUE.rows() if "tail" in row[0]}
    assert statuses == {"301", "302", "303", "307", "308"}


def test_batches_of_new_links_are_all_different():
    codes = [code for batch in range(4) for code in CATALOGUE.new(batch)]
    assert len(set(codes)) == len(codes)


def test_links_that_appear_during_a_run_are_of_that_run_alone():
    one, other = (Catalogue("load", 3, 7, run=run) for run in ("1", "2"))
    assert one.new(0) == other.new(0) == CATALOGUE.new(0)
    assert not set(one.new(1)) & set(other.new(1))
    assert all(is_valid(code) for code in Catalogue("load", 3, 7, run="19c1a2b3c4d").new(9999))


def test_the_second_half_is_drawn_as_often_as_its_rank_says():
    zipf = Zipf(["a", "b", "c", "d"], Random(1))
    drawn = Counter(zipf.draw() for _ in range(20_000))
    assert drawn["a"] / drawn["b"] > 1.8
    assert drawn["a"] / drawn["d"] > 3.5
    assert set(drawn) == {"a", "b", "c", "d"}


def test_who_reads_only_the_first_links_ends_the_seeding_quietly():
    command = f"{sys.executable} -m loadtest.seed --hot-links 50000 | head -n 1"
    done = subprocess.run(
        command, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("code,target,status,expires_at,tags,disabled\n", "")
