"""BM25 and the overlap of terms, against the formulas in plain Python."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from changai.errors import IndexDamagedError
from changai.indexing.sparse import SparseIndex

SMALL = (("甲", "乙"), ("甲",), ("丙",))


def _zipf_units() -> list[list[str]]:
    """300 units of 1 to 40 terms, some common and some rare."""
    random = np.random.default_rng(1)
    return [
        [f"t{rank}" for rank in random.zipf(1.4, size=random.integers(1, 41)) % 200]
        for _ in range(300)
    ]


def _bm25(units: Sequence[Sequence[str]], terms: Sequence[str]) -> list[float]:
    """Lucene's variant, with k1 = 1.5 and b = 0.75."""
    average = sum(map(len, units)) / len(units)
    scores = []
    for unit in units:
        score = 0.0
        for term in terms:
            holding = sum(term in other for other in units)
            idf = math.log(1 + (len(units) - holding + 0.5) / (holding + 0.5))
            frequency = unit.count(term)
            dampened = frequency + 1.5 * (1 - 0.75 + 0.75 * len(unit) / average)
            score += idf * frequency / dampened
        scores.append(score)
    return scores


@pytest.mark.parametrize("terms", [["t1"], ["t2", "t9", "t40"], ["t3", "t5", "t7", "t11", "t150"]])
@pytest.mark.parametrize("k", [5, 300])
def test_search_orders_by_bm25(terms: list[str], k: int) -> None:
    units = _zipf_units()
    scores = _bm25(units, terms)
    found = SparseIndex.fit(units).search(terms, k)
    best = sorted((score for score in scores if score > 0), reverse=True)[:k]
    assert len(set(found.tolist())) == len(found)
    assert [scores[unit] for unit in found] == pytest.approx(best, abs=1e-5)


def test_search_leaves_ties_in_reading_order() -> None:
    index = SparseIndex.fit([["甲", "乙", "丙"][number % 3 :] for number in range(600)])
    # Units 0, 3, 6, … hold 甲; 乙 weighs more in the shorter units 1, 4, 7, …
    assert index.search(["甲"], 150).tolist() == list(range(0, 450, 3))
    assert index.search(["乙"], 600).tolist() == [*range(1, 600, 3), *range(0, 600, 3)]


def test_search_passes_over_unknown_terms() -> None:
    index = SparseIndex.fit(SMALL)
    assert index.search(["没有", "丙"], 3).tolist() == [2]


@pytest.mark.parametrize("terms", [[], ["没有"]])
def test_search_finds_nothing_without_known_terms(terms: list[str]) -> None:
    assert SparseIndex.fit(SMALL).search(terms, 3).tolist() == []


def test_idf() -> None:
    # ln(1 + (3 - df + 0.5) / (df + 0.5)) for df of 2, 1 and 0.
    expected = [math.log(1 + 1.5 / 2.5), math.log(1 + 2.5 / 1.5), math.log(1 + 3.5 / 0.5)]
    assert SparseIndex.fit(SMALL).idf(["甲", "丙", "没有"]).tolist() == pytest.approx(expected)
    assert SparseIndex.fit(SMALL).idf([]).tolist() == []


def test_idf_counts_a_unit_once() -> None:
    # df is 1 of 2 units, however often the term stands there: ln(1 + 1.5 / 1.5).
    assert SparseIndex.fit([["甲", "甲", "甲"], ["乙"]]).idf(["甲"]) == pytest.approx(math.log(2))


def test_overlap_is_the_share_of_weight_that_a_unit_holds() -> None:
    weights = np.array([3, 1, 4], dtype=np.float32)
    # Of 8 in all: 甲 and 乙 give (3 + 1) / 8, 甲 alone 3 / 8; no unit holds the third.
    shares = SparseIndex.fit(SMALL).overlap(["甲", "乙", "没有"], weights)
    assert shares.tolist() == [0.5, 0.375, 0]


def test_overlap_counts_a_term_once_however_often_it_stands() -> None:
    shares = SparseIndex.fit([["甲", "甲"], ["乙"]]).overlap(["甲"], np.ones(1, np.float32))
    assert shares.tolist() == [1, 0]


@pytest.mark.parametrize("terms", [[], ["甲"]])
def test_overlap_of_nothing_that_weighs_is_zero(terms: list[str]) -> None:
    shares = SparseIndex.fit(SMALL).overlap(terms, np.zeros(len(terms), np.float32))
    assert shares.tolist() == [0, 0, 0]


def test_a_unit_may_lack_terms() -> None:
    index = SparseIndex.fit([[], ["甲"]])
    assert index.search(["甲"], 2).tolist() == [1]
    assert index.overlap(["甲"], np.ones(1, np.float32)).tolist() == [0, 1]


def test_no_unit_need_have_terms() -> None:
    assert SparseIndex.fit([[], []]).search(["甲"], 2).tolist() == []


def test_likeness_is_what_is_shared_of_what_both_have() -> None:
    index = SparseIndex.fit(SMALL)
    # 甲 is in two of three units, 乙 and 丙 in one each: ln(1 + 1.5 / 2.5) and ln(1 + 2.5 / 1.5).
    often, once = math.log(1.6), math.log(8 / 3)
    assert index.likeness(["甲", "乙"]).tolist() == pytest.approx(
        [1, 2 * often / (often + once + often), 0]
    )
    # A term that no unit has is the rarest: ln(1 + 3.5 / 0.5).
    assert index.likeness(["丙", "丁"])[2] == pytest.approx(2 * once / (2 * once + math.log(8)))
    assert index.likeness([]).tolist() == [0, 0, 0]


def test_round_trip(tmp_path: Path) -> None:
    units = _zipf_units()
    terms = ["t2", "t9", "t40", "没有"]
    fitted = SparseIndex.fit(units)
    fitted.write(tmp_path)
    read = SparseIndex.read(tmp_path)
    assert read.search(terms, 50).tolist() == fitted.search(terms, 50).tolist()
    assert read.idf(terms).tolist() == fitted.idf(terms).tolist()
    weights = fitted.idf(terms)
    assert read.overlap(terms, weights).tolist() == fitted.overlap(terms, weights).tolist()


FILES = [
    "data.csc.index.npy",
    "indices.csc.index.npy",
    "indptr.csc.index.npy",
    "params.index.json",
    "vocab.index.json",
]


def test_these_are_all_the_files(tmp_path: Path) -> None:
    SparseIndex.fit(SMALL).write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES


@pytest.mark.parametrize("name", FILES)
def test_a_missing_or_cut_file_is_damage(tmp_path: Path, name: str) -> None:
    SparseIndex.fit(SMALL).write(tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(IndexDamagedError, match="changai build"):
        SparseIndex.read(tmp_path)
    path.unlink()
    with pytest.raises(IndexDamagedError, match="changai build"):
        SparseIndex.read(tmp_path)


def test_an_emptied_file_is_damage(tmp_path: Path) -> None:
    SparseIndex.fit(SMALL).write(tmp_path)
    (tmp_path / FILES[0]).write_bytes(b"")
    with pytest.raises(IndexDamagedError):
        SparseIndex.read(tmp_path)


def test_a_missing_folder_is_damage(tmp_path: Path) -> None:
    with pytest.raises(IndexDamagedError, match="nowhere"):
        SparseIndex.read(tmp_path / "nowhere")
