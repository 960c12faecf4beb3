"""Runs the BERT of a sentence-transformers folder on onnxruntime and tokenizers alone.

Importing sentence-transformers takes seconds and hundreds of megabytes; this takes neither.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from changai.errors import EncoderError

Floats = npt.NDArray[np.float32]

_TOGETHER = 16
"""The most texts that are run together. More are no faster on two cores."""

GRAPH = Path("onnx") / "model.onnx"
"""Where sentence-transformers looks for a graph in a model's folder."""


ANSWERS, WORDS = "answers", "words"
"""The outputs of a reader's graph: whether a passage answers, and which of its words do."""


def session_options() -> Any:
    """How onnxruntime is to run the graph."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Threads that spin while they wait for each other take many times as long if another process
    # keeps one of two cores busy.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Weights in 8 bits are made ones in 32 when the graph is loaded. Otherwise onnxruntime would
    # multiply in 8 bits, which is less exact and no faster.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    options.log_severity_level = 3
    return options


class Transformer:
    """The tokeniser and the graph of a model's folder. Several threads may run it at once."""

    def __init__(self, folder: Path, truncate: str = "longest_first") -> None:
        """``truncate`` is which text of a pair that is too long is cut, as ``tokenizers`` calls it.
        Raises EncoderError when a package is missing, or the folder cannot be read."""
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as error:
            raise EncoderError(
                f"内置模型需要 onnxruntime 和 tokenizers（{error}）；请运行："
                "pip install onnxruntime tokenizers"
            ) from error
        try:
            self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            self._tokenizer.enable_truncation(config["max_position_embeddings"], strategy=truncate)
            self.width = int(config["hidden_size"])
            self._session: Any = onnxruntime.InferenceSession(
                str(folder / GRAPH), session_options(), providers=["CPUExecutionProvider"]
            )
        # tokenizers and onnxruntime raise Exception itself, and kinds that have no common root.
        except Exception as error:
            raise EncoderError(
                f"读不了模型 {folder}（{error}）；请重新安装：pip install --force-reinstall changai"
            ) from error

    def count_tokens(self, text: str) -> int:
        """How many tokens are made of a text, those that begin and end it included."""
        return sum(len(window.ids) for window in self.windows(text))

    def windows(self, text: str, second: str | None = None) -> list[Any]:
        """The tokens of a text, or of two as a pair, as ``tokenizers.Encoding``: of as much as the
        model reads at once, and then of what remains, of a pair together with the first text."""
        encoding = self._tokenizer.encode(text, second)
        return [encoding, *encoding.overflowing]

    def means(self, texts: Sequence[str]) -> Floats:
        """The mean of the states of each text, of shape ``(texts, width)``.

        Texts of equal length are run together, which is faster and needs no padding.
        """
        by_length: dict[int, list[tuple[int, list[int]]]] = defaultdict(list)
        for number, text in enumerate(texts):
            for window in self.windows(text):
                by_length[len(window.ids)].append((number, window.ids))
        sums = np.zeros((len(texts), self.width), dtype=np.float32)
        counts = np.zeros((len(texts), 1), dtype=np.float32)
        for length, every in by_length.items():
            for start in range(0, len(every), _TOGETHER):
                numbers, windows = zip(*every[start : start + _TOGETHER], strict=True)
                (every_state,) = self.run(windows, "last_hidden_state")
                for number, states in zip(numbers, every_state, strict=True):
                    sums[number] += states.sum(axis=0)
                    counts[number] += length
        means: Floats = sums / counts
        return means

    def run(self, tokens: Sequence[Sequence[int]], *outputs: str) -> list[Floats]:
        """Outputs of the graph, by name, for texts of an equal number of tokens."""
        ids = np.array(tokens, dtype=np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        found: list[Floats] = self._session.run([*outputs], inputs)
        return found
