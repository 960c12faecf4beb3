"""What the ways of fine-tuning share: which weights stay, how the others are learnt, and how texts
are encoded with gradients."""

from collections.abc import Sequence
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from changai.errors import TrainingError

FROZEN = 4
"""How many of an encoder's lowest layers stay as they are, which saves a quarter of the time. The
embeddings do too: words that the material lacks keep their place beside those that it has."""
TEMPERATURE = 0.03
"""Of the softmax over passages."""
RATE = 5e-5
"""The highest learning rate of an encoder."""
LONGEST = 256
"""The most tokens of a passage that are read in training."""
WEIGHT_DECAY = 0.01


def must_fill(batches: Sequence[object], size: int) -> None:
    """Raise TrainingError if there are not questions enough for one batch of this size."""
    if not batches:
        raise TrainingError(f"材料里能回答的问题不到 {size} 个，不够一批；请补充")


def freeze(model: Any, layers: int) -> list[nn.Parameter]:
    """Keep the embeddings and the lowest ``layers`` of a BERT as they are, and drop nothing out:
    every question is learnt from a few times only. Returns the weights that are to be learnt."""
    bert: Any = model[0].model
    for module in (bert.embeddings, *bert.encoder.layer[:layers]):
        module.requires_grad_(False)
    for module in bert.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    bert.config.attention_probs_dropout_prob = 0.0
    return [weight for weight in bert.parameters() if weight.requires_grad]


class Learning:
    """Learns weights from losses, at rates that rise for a twentieth of the steps to those given,
    and then fall to zero."""

    def __init__(self, rates: Sequence[tuple[Sequence[nn.Parameter], float]], steps: int) -> None:
        """``rates`` are weights with their highest rate."""
        self._weights = [weight for weights, _ in rates for weight in weights]
        self._optimizer = AdamW(
            [{"params": weights, "lr": rate} for weights, rate in rates],
            weight_decay=WEIGHT_DECAY,
        )
        warm = max(1, steps // 20)
        self._schedule = LambdaLR(
            self._optimizer,
            lambda done: min((done + 1) / warm, (steps - done) / max(1, steps - warm)),
        )

    def step(self, loss: Tensor) -> None:
        """Learn from the loss of one step."""
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._weights, 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self._schedule.step()


def embedded(model: SentenceTransformer, features: dict[str, Tensor]) -> Tensor:
    """The vectors of texts, given their tokens: in four groups of like length, which saves
    padding."""
    order = features["attention_mask"].sum(dim=1).argsort()
    vectors = []
    for group in order.chunk(4):
        width = int(features["attention_mask"][group].sum(dim=1).max())
        cut = {name: features[name][group, :width] for name in ("input_ids", "attention_mask")}
        vectors.append(model({**features, **cut})["sentence_embedding"])
    return torch.cat(vectors)[order.argsort()]
