"""The built-in models as sentence-transformers models in 32 bits, for fine-tuning and for GPUs.

The folders in the package are such models already, but for onnxruntime alone, and in 8 bits.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from changai.errors import EncoderError
from changai.models import encoders, readers
from changai.models.transformer import ANSWERS, GRAPH, WORDS

Floats = npt.NDArray[np.float32]

_TOGETHER = ("query", "key", "value")
"""Three layers that share their input, and stand side by side in the graph."""


WORDS_HEAD = "words.safetensors"
"""The file of a reader's head that finds the answering words, beside the cross-encoder's own."""

RECORD = "training.json"
"""The file beside a model's weights that tells how they were made."""


def export_builtin(directory: Path, *, reader: bool = False) -> None:
    """Write the built-in encoder to ``directory``, for ``encoders.load`` to take by that name, or
    the built-in reader, a CrossEncoder.

    Raises EncoderError when the directory exists or cannot be written, a package is missing, or
    the model cannot be read; nothing is left behind then.
    """
    if os.path.lexists(directory):
        raise EncoderError(f"{directory} 已经存在；请换一个目录，或先移走它")
    try:
        with tempfile.TemporaryDirectory(prefix=".export-", dir=directory.parent) as temporary:
            _save(
                readers.BUILTIN_FOLDER if reader else encoders.BUILTIN_FOLDER, Path(temporary)
            ).rename(directory)
    except ImportError as error:
        raise EncoderError(
            f"导出内置模型需要 sentence-transformers 和 onnx（{error}）；请运行："
            "pip install 'sentence-transformers>=5.4' onnx"
        ) from error
    except OSError as error:
        raise EncoderError(
            f"写不了 {directory}（{error}）；请检查上级目录、权限和剩余空间"
        ) from error


def weights(folder: Path) -> dict[str, Floats]:
    """The weights of a model's graph in 32 bits, by the names that ``BertModel`` uses.

    Raises EncoderError when there is no such graph in the folder.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.load(folder / GRAPH).graph
    except (OSError, DecodeError) as error:
        raise EncoderError(
            f"内置模型 {folder} 读不了（{error}）；请重新安装："
            "pip install --force-reinstall changai"
        ) from error
    stored = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    return dict(_parameters(stored))


def _parameters(stored: dict[str, npt.NDArray[Any]]) -> Iterator[tuple[str, Floats]]:
    for name, value in stored.items():
        module, _, part = name.rpartition(".")
        if part not in {"weight", "bias"}:
            continue
        scale = stored.get(f"{name}.scale")
        weight = value.astype(np.float32) if scale is None else (value * scale).astype(np.float32)
        if not module.startswith("embeddings.") and weight.ndim == 2:
            weight = weight.T  # The graph multiplies by the transpose of what a layer holds.
        if module.endswith("attention.self"):
            for own, rows in zip(_TOGETHER, np.split(weight, len(_TOGETHER)), strict=True):
                yield f"{module}.{own}.{part}", np.ascontiguousarray(rows)
        else:
            yield name, np.ascontiguousarray(weight)


def cross_encoder(transformer: Any) -> Any:
    """A CrossEncoder of a sentence-transformers ``Transformer``, with a head on the mean of its
    states that is not trained yet."""
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Dense
    from sentence_transformers.sentence_transformer.modules import Pooling
    from torch import nn

    width = transformer.model.config.hidden_size
    dense = Dense(width, 1, activation_function=nn.Identity(), module_output_name="scores")
    modules = [transformer, Pooling(width, "mean"), dense]
    return CrossEncoder(modules=modules, activation_fn=nn.Identity())


def _save(source: Path, folder: Path) -> Path:
    """Write a sentence-transformers model into ``folder``, and return where it is."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import save_file
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import AutoConfig, BertModel, PreTrainedTokenizerFast
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    plain, model = folder / "bert", folder / "model"
    bert = BertModel(AutoConfig.from_pretrained(source), add_pooling_layer=False)
    state = {name: torch.from_numpy(weight) for name, weight in weights(source).items()}
    heads = {
        head: {part: state.pop(f"{head}.{part}") for part in ("weight", "bias")}
        for head in (ANSWERS, WORDS)
        if f"{head}.weight" in state
    }
    # The graph has the embedding of the first type in those of the positions.
    types = "embeddings.token_type_embeddings.weight"
    state[types] = torch.zeros_like(bert.state_dict()[types])
    bert.load_state_dict(state)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(source)
    settings = json.loads((source / "config_sentence_transformers.json").read_text("utf-8"))
    try:
        bert.save_pretrained(plain)
        tokenizer.save_pretrained(plain)
        transformer = Transformer(str(plain), max_seq_length=tokenizer.model_max_length)
        if heads:
            reader = cross_encoder(transformer)
            reader[2].linear.load_state_dict(heads[ANSWERS])
            reader.save(str(model))
            save_file(heads[WORDS], model / WORDS_HEAD)
        else:
            modules = [transformer, Pooling(bert.config.hidden_size, "mean"), Normalize()]
            SentenceTransformer(modules=modules, prompts=settings["prompts"]).save(str(model))
        if (source / RECORD).exists():
            shutil.copyfile(source / RECORD, model / RECORD)
    except SafetensorError as error:  # which is what a full disk raises
        raise OSError(error) from error
    return model
