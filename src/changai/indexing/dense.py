"""Exact nearest-neighbour search by inner product: the only importer of FAISS."""

from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from changai.errors import IndexDamagedError

Vectors = npt.NDArray[np.float32]


class DenseIndex:
    """Unit vectors in FAISS's flat inner-product index (Douze et al., "The Faiss library", 2024).

    It never changes once it is made, so several threads may search it at once.
    """

    def __init__(self, index: faiss.IndexFlat) -> None:
        self._index = index
        # A view of FAISS's own memory, so that rows can be compared without copying them.
        self._rows: Vectors = faiss.rev_swig_ptr(index.get_xb(), index.ntotal * index.d).reshape(
            index.ntotal, index.d
        )

    @classmethod
    def fit(cls, vectors: Vectors) -> "DenseIndex":
        """Index ``vectors``, of shape ``(n, dimension)`` and unit length."""
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        return cls(index)

    @classmethod
    def read(cls, path: Path) -> "DenseIndex":
        """Read what ``write`` wrote. Verify its checksum first: FAISS trusts the file."""
        try:
            index = faiss.deserialize_index(np.frombuffer(path.read_bytes(), dtype=np.uint8))
        except (OSError, RuntimeError) as error:
            raise IndexDamagedError(
                f"FAISS 读不了 {path}（{error}）；请重建索引：changai build"
            ) from error
        if not isinstance(index, faiss.IndexFlat):
            raise IndexDamagedError(f"{path} 不是平面索引；请重建索引：changai build")
        return cls(index)

    def write(self, path: Path) -> None:
        """Write the index to a file. Raises OSError."""
        path.write_bytes(faiss.serialize_index(self._index).tobytes())

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, vector: Vectors, k: int) -> npt.NDArray[np.int64]:
        """The rows of the ``k`` nearest vectors, or of all there are, nearest first."""
        _, rows = self._index.search(vector[np.newaxis], min(k, len(self)))
        found: npt.NDArray[np.int64] = rows[0]
        return found

    @property
    def rows(self) -> Vectors:
        """The vectors themselves, of shape ``(n, dimension)``; a view, not to be written to."""
        return self._rows

    def similarities(self, vector: Vectors, rows: npt.NDArray[np.int64] | None = None) -> Vectors:
        """The inner product of ``vector`` with each of ``rows``, or with all, in their order.

        FAISS computes it, since NumPy's product would use several threads, which takes a hundred
        times as long if another process keeps a core busy.
        """
        chosen = self._rows if rows is None else self._rows[rows]
        wanted = np.ascontiguousarray(vector, dtype=np.float32)
        products = np.empty(len(chosen), dtype=np.float32)
        pointers = [faiss.swig_ptr(array) for array in (products, wanted, chosen)]
        faiss.fvec_inner_products_ny(*pointers, chosen.shape[1], len(chosen))  # type: ignore[attr-defined]
        return products
