"""Exact search by inner product, against numpy."""

from pathlib import Path

import faiss
import numpy as np
import pytest

from changai.errors import IndexDamagedError
from changai.indexing.dense import DenseIndex, Vectors


def _unit_vectors(count: int, seed: int) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(count, 8))
    units: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return units


VECTORS = _unit_vectors(60, seed=1)
QUESTIONS = _unit_vectors(5, seed=2)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("k", [1, 7, 60])
def test_search_equals_brute_force(question: Vectors, k: int) -> None:
    nearest = np.argsort(-(VECTORS @ question))[:k]
    assert DenseIndex.fit(VECTORS).search(question, k).tolist() == nearest.tolist()


def test_search_beyond_the_size_gives_all_there_are() -> None:
    index = DenseIndex.fit(np.array([[0, 1], [0.6, 0.8], [1, 0]], dtype=np.float32))
    assert len(index) == 3
    # Inner products with (1, 0): 0, 0.6, 1.
    assert index.search(np.array([1, 0], dtype=np.float32), 100).tolist() == [2, 1, 0]


def test_search_is_by_inner_product_and_not_by_distance() -> None:
    index = DenseIndex.fit(np.array([[1, 0], [3, 3]], dtype=np.float32))
    # Products 1 and 3; squared distances 0 and 13.
    assert index.search(np.array([1, 0], dtype=np.float32), 2).tolist() == [1, 0]


def test_similarities_are_the_inner_products_of_the_rows_asked_for() -> None:
    index = DenseIndex.fit(np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32))
    found = index.similarities(np.array([0.8, 0.6], dtype=np.float32), np.array([2, 0, 2]))
    # 0.6 * 0.8 + 0.8 * 0.6 = 0.96; 1 * 0.8 = 0.8.
    assert found.tolist() == pytest.approx([0.96, 0.8, 0.96])


def test_similarities_of_all_rows_are_in_their_order() -> None:
    random = np.random.default_rng(3)
    rows = random.normal(size=(50, 33)).astype(np.float32)
    asked = random.normal(size=(66,)).astype(np.float32)[::2]
    index = DenseIndex.fit(rows)
    assert index.similarities(asked) == pytest.approx(rows @ asked, abs=1e-4)
    assert index.rows.tolist() == rows.tolist()


def test_round_trip(tmp_path: Path) -> None:
    DenseIndex.fit(VECTORS).write(tmp_path / "vectors.faiss")
    read = DenseIndex.read(tmp_path / "vectors.faiss")
    assert len(read) == 60
    rows = np.arange(60)
    for question in QUESTIONS:
        assert read.search(question, 9).tolist() == np.argsort(-(VECTORS @ question))[:9].tolist()
        assert read.similarities(question, rows) == pytest.approx(VECTORS @ question, abs=1e-6)


@pytest.mark.parametrize("left", [0.0, 0.01, 0.02, 0.5, 0.99])
def test_a_cut_file_is_damaged(tmp_path: Path, left: float) -> None:
    path = tmp_path / "vectors.faiss"
    DenseIndex.fit(VECTORS).write(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * left)])
    with pytest.raises(IndexDamagedError, match=r"vectors\.faiss.*changai build"):
        DenseIndex.read(path)


@pytest.mark.parametrize("content", [None, b"not an index of FAISS at all" * 9])
def test_a_file_missing_or_of_another_kind_is_damaged(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "vectors.faiss"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(IndexDamagedError, match=r"vectors\.faiss"):
        DenseIndex.read(path)


def test_an_approximate_index_is_refused(tmp_path: Path) -> None:
    graph = faiss.IndexHNSWFlat(8, 4)
    graph.add(VECTORS)
    faiss.write_index(graph, str(tmp_path / "vectors.faiss"))
    with pytest.raises(IndexDamagedError, match="不是平面索引"):
        DenseIndex.read(tmp_path / "vectors.faiss")
