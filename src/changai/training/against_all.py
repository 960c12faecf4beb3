"""Fine-tuning how an encoder encodes questions, each against all passages.

In a batch, few of the wrong passages are hard to tell from the right one. Here a question meets
every passage of the material, by the vector that the passage had at the start. So only questions
are encoded, which are short, and in each step a few passages, from which the model learns to leave
their vectors as they are.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn

from changai.training.groups import may_answer
from changai.training.material import Asked, Material
from changai.training.tuning import (
    FROZEN,
    LONGEST,
    RATE,
    TEMPERATURE,
    Learning,
    embedded,
    freeze,
    must_fill,
)

BATCH = 128
"""How many questions are learnt from in one step."""
KEPT = 12
"""How many passages are encoded in one step, to keep their vectors."""
STEADY = 20.0
"""The weight of keeping them, beside that of finding the right passage."""

_ALIKE = 0.92
"""The cosine from which a passage of another text says the same as one that answers."""
_NEAR = 200
"""Among how many of the passages nearest to the answering one it is asked which may answer too."""
_BARRED = -1e4
"""The log-odds of a passage that is neither right nor wrong."""


def fine_tune(
    model: SentenceTransformer, material: Material, epochs: Sequence[Sequence[Asked]], seed: int
) -> tuple[int, float]:
    """Fine-tune a model on the questions of each epoch that have an answer. Returns the number of
    steps, and their mean loss: the cross-entropy of the passages that answer among all of the
    material.

    Raises TrainingError when the questions do not fill a batch.
    """
    steps = list(_batches(epochs, seed))
    must_fill(steps, BATCH)
    learning = Learning([(freeze(model, FROZEN), RATE)], len(steps))
    whole, model.max_seq_length = model.max_seq_length, LONGEST
    passages = torch.from_numpy(
        model.encode_document(list(material.passages), normalize_embeddings=True)
    )
    random = np.random.default_rng(seed)
    losses = []
    model.train()
    for asked in steps:
        found = _finding(model, material, passages, asked)
        chosen = random.choice(len(passages), min(KEPT, len(passages)), replace=False)
        kept = _encoded(model, "document", [material.passages[number] for number in chosen])
        turned = (1 - (kept * passages[chosen]).sum(dim=1)).mean()
        learning.step(found + STEADY * turned)
        losses.append(found.item())
    model.eval()
    model.max_seq_length = whole
    return len(steps), float(np.mean(losses))


def _batches(epochs: Sequence[Sequence[Asked]], seed: int) -> Iterator[list[Asked]]:
    """The questions of each epoch that have an answer, in any order. What does not fill a batch is
    left out."""
    random = np.random.default_rng(seed)
    for epoch in epochs:
        answered = [asked for asked in epoch if asked.answering]
        order = random.permutation(len(answered)).tolist()
        for start in range(0, len(order) - BATCH + 1, BATCH):
            yield [answered[number] for number in order[start : start + BATCH]]


def _finding(
    model: SentenceTransformer, material: Material, passages: Tensor, asked: Sequence[Asked]
) -> Tensor:
    """The mean loss of questions."""
    vectors = _encoded(model, "query", [each.question for each in asked])
    logits = vectors @ passages.T / TEMPERATURE
    losses = []
    for own, each in zip(logits, asked, strict=True):
        wrong = own.index_fill(0, _neither(material, passages, each), _BARRED)
        losses.append(torch.logsumexp(wrong, 0) - torch.logsumexp(own[list(each.answering)], 0))
    return torch.stack(losses).mean()


def _neither(material: Material, passages: Tensor, asked: Asked) -> Tensor:
    """The numbers of the passages that may answer a question too: those of other texts that say
    nearly the same as one that answers, or hold the same words."""
    cosines = (passages @ passages[list(asked.answering)].T).max(dim=1).values
    near = cosines.topk(min(_NEAR, len(cosines)))
    return torch.tensor(
        [
            number
            for cosine, number in zip(near.values.tolist(), near.indices.tolist(), strict=True)
            if material.texts[number] != asked.text
            and (cosine > _ALIKE or may_answer(material, asked, number))
        ],
        dtype=torch.long,
    )


def _encoded(model: SentenceTransformer, kind: str, texts: Sequence[str]) -> Tensor:
    """The vectors of questions or passages, of length 1, by the model's prompt for their kind."""
    features = model.preprocess(texts, prompt=model.prompts[kind] or "")
    return nn.functional.normalize(embedded(model, features), dim=1)
