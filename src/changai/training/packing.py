"""A trained model as it is shipped: a sentence-transformers folder with a vocabulary of its own and
an ONNX graph in 8 bits."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from safetensors import SafetensorError
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from changai.errors import TrainingError
from changai.models.export import RECORD, WORDS_HEAD
from changai.models.transformer import ANSWERS, GRAPH, WORDS
from changai.training import vocabulary
from changai.training.graph import BertGraph
from changai.training.recipe import must_be_new

_COPIED = ("config_sentence_transformers.json", RECORD)
_PIECES = "embeddings.word_embeddings.weight"
_DENSE = "2_Dense"
"""Where a cross-encoder that ``training.reader`` has saved has its head."""
_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")


def pack(trained: Path, out: Path) -> None:
    """Write the model of the folder ``trained``, a BERT with a Unigram tokeniser, to ``out``.

    It loads as ``SentenceTransformer(out, backend="onnx")`` or, if it is a reader, which
    ``training.reader`` has saved with its two heads, as ``CrossEncoder(out, backend="onnx")``.
    Raises TrainingError when ``out`` exists or cannot be written, or ``trained`` is no such model;
    nothing is left behind then.
    """
    must_be_new(out)
    try:
        with tempfile.TemporaryDirectory(prefix=".pack-", dir=out.parent) as temporary:
            _write_model(trained, Path(temporary) / "model").rename(out)
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise TrainingError(
            f"{trained} 压不成 {out}（{error!r}）；要的是 train-encoder 写出的那样的目录，"
            "写的地方要有权限和空间"
        ) from error


def _write_model(trained: Path, folder: Path) -> Path:
    """Write the packed model into a new folder, and return it."""
    tokenizer = _read(trained / "tokenizer.json")
    pieces = [(piece, score) for piece, score in tokenizer["model"]["vocab"]]
    settings = _read(trained / "config_sentence_transformers.json")
    prompts = Tokenizer.from_file(str(trained / "tokenizer.json")).encode_batch(
        [prompt for prompt in settings.get("prompts", {}).values() if prompt]
    )
    needed = {*_SPECIAL, *(piece for prompt in prompts for piece in prompt.tokens)}
    numbers = vocabulary.kept(pieces, needed)
    weights = load_file(trained / "model.safetensors")
    weights[_PIECES] = weights[_PIECES][np.array(numbers)]
    config = _read(trained / "config.json") | {"vocab_size": len(numbers)}
    is_reader = (trained / _DENSE).is_dir()
    if is_reader:
        weights |= _heads(trained)
    pooling = {"word_embedding_dimension": config["hidden_size"], "pooling_mode": "mean"}
    for part in (folder, folder / "1_Pooling", (folder / GRAPH).parent):
        part.mkdir()
    _write(folder / "config.json", config)
    _write(folder / "tokenizer.json", _cut(tokenizer, numbers))
    _write(folder / "tokenizer_config.json", _tokenizer_config(config))
    longest = {"max_seq_length": config["max_position_embeddings"]}
    _write(folder / "sentence_bert_config.json", longest)
    last = "Dense" if is_reader else "Normalize"
    _write(folder / "modules.json", _modules("Transformer", "Pooling", last))
    _write(folder / "1_Pooling" / "config.json", pooling)
    if is_reader:
        shutil.copytree(trained / _DENSE, folder / _DENSE, copy_function=shutil.copyfile)
    for name in _COPIED:
        if (trained / name).exists():
            shutil.copyfile(trained / name, folder / name)
    onnx.save(BertGraph(config, weights).model(), folder / GRAPH)
    return folder


def _heads(trained: Path) -> dict[str, npt.NDArray[np.float32]]:
    """The weights of a reader's two heads, by the names that the graph has for them."""
    files = {ANSWERS: trained / _DENSE / "model.safetensors", WORDS: trained / WORDS_HEAD}
    return {
        f"{head}.{name.rpartition('.')[2]}": weight
        for head, path in files.items()
        for name, weight in load_file(path).items()
    }


def _cut(tokenizer: dict[str, Any], numbers: list[int]) -> dict[str, Any]:
    """The tokeniser with only the pieces of these numbers, numbered anew."""
    pieces = [tokenizer["model"]["vocab"][number] for number in numbers]
    new = {piece: number for number, (piece, _) in enumerate(pieces)}
    model = tokenizer["model"] | {"vocab": pieces, "unk_id": new["<unk>"]}
    added = [
        each | {"id": new[each["content"]]}
        for each in tokenizer["added_tokens"]
        if each["content"] in new
    ]
    processor = tokenizer["post_processor"]
    special = {
        name: each | {"ids": [new[name]]} for name, each in processor["special_tokens"].items()
    }
    return tokenizer | {
        "model": model,
        "added_tokens": added,
        "post_processor": processor | {"special_tokens": special},
        "truncation": None,
        "padding": None,
    }


def _tokenizer_config(config: dict[str, Any]) -> dict[str, Any]:
    names = ("bos_token", "pad_token", "eos_token", "unk_token")
    return dict(zip(names, _SPECIAL, strict=True)) | {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": config["max_position_embeddings"],
    }


def _modules(*names: str) -> list[dict[str, Any]]:
    """Modules by the names that every version of sentence-transformers knows."""
    return [
        {
            "idx": number,
            "name": str(number),
            "path": f"{number}_{name}" if number else "",
            "type": f"sentence_transformers.models.{name}",
        }
        for number, name in enumerate(names)
    ]


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _write(path: Path, value: object) -> None:
    text = json.dumps(
        value, ensure_ascii=False, indent=None if path.name == "tokenizer.json" else 2
    )
    path.write_text(text + "\n", encoding="utf-8")
