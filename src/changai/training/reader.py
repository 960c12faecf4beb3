"""Training the reader: a cross-encoder that says whether a passage answers a question, and where.

It begins as the lower layers of the encoder.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from sentence_transformers import CrossEncoder, SentenceTransformer
from torch import Tensor, nn

from changai.errors import TrainingError
from changai.models.export import WORDS_HEAD, cross_encoder
from changai.training.groups import Group, groups, nearest
from changai.training.recipe import (
    Recipe,
    base_of,
    drawn_numbers,
    must_be_new,
    read_parts,
    read_recipe,
    write_record,
)
from changai.training.tuning import Learning, freeze

LAYERS = 6
"""How many of the encoder's layers the reader has. Each costs time with every question."""
FROZEN = 2
"""How many of the lowest stay as they are."""
TOGETHER = 16
"""How many groups are learnt from in one step."""
RATE = 1e-4
"""The highest learning rate, reached after a twentieth of the steps, from where it falls to zero.
That of the heads, which begin from nothing, is ten times as high."""
LONGEST = 256
"""The most tokens of a question and a passage that are read in training."""
PRIOR, PRIOR_ZERO = 20.0, 0.53
"""What the encoder's similarity says already, as log-odds, and where it says nothing: the reader
learns what to add."""
WORDS = 0.5
"""The weight of finding the answering words, beside that of telling whether there are any."""

_ROWS = 16
"""How many pairs of like length are read at once."""


def train(recipe_file: Path, out: Path) -> None:
    """Train a reader by a recipe, whose base is an encoder, and save it to the folder ``out`` with
    a record of how it was made, ``training.json``.

    Raises TrainingError when the recipe cannot be used or ``out`` exists, and what reading the
    material raises.
    """
    recipe = read_recipe(recipe_file, Recipe)
    must_be_new(out)
    parts = read_parts(recipe, recipe_file.parent)
    encoder = SentenceTransformer(base_of(recipe, recipe_file.parent))
    began = time.monotonic()
    near = [
        nearest(
            part,
            encoder.encode_query([asked.question for asked in part.questions]),
            encoder.encode_document(list(part.passages)),
        )
        for part in parts
    ]
    random = np.random.default_rng(recipe.seed)
    steps: list[list[Group]] = []
    for epoch in range(recipe.epochs):
        numbers = drawn_numbers(recipe, [len(part.questions) for part in parts], epoch)
        every = [
            group
            for part, own, chosen in zip(parts, near, numbers, strict=True)
            for group in groups(part, chosen, own, random)
        ]
        order = random.permutation(len(every)).tolist()
        full = len(order) - len(order) % TOGETHER
        steps += [
            [every[number] for number in order[start : start + TOGETHER]]
            for start in range(0, full, TOGETHER)
        ]
    if not steps:
        raise TrainingError(f"材料里的问题不到 {TOGETHER} 个，不够一步；请补充")
    torch.manual_seed(recipe.seed)
    reader = Reader(from_encoder(encoder))
    losses = fine_tune(reader, steps)
    seconds = round(time.monotonic() - began)
    save(reader, out)
    write_record(
        out,
        recipe,
        recipe_file.parent,
        passages=[len(part.passages) for part in parts],
        questions=[len(part.questions) for part in parts],
        steps=len(steps),
        loss=[round(loss, 4) for loss in losses],
        seconds=seconds,
    )


def from_encoder(encoder: SentenceTransformer) -> CrossEncoder:
    """A cross-encoder of the lower layers of an encoder, with a head on the mean of the states that
    says nothing yet."""
    transformer: Any = encoder[0]
    bert = transformer.model
    bert.encoder.layer = bert.encoder.layer[:LAYERS]
    bert.config.num_hidden_layers = len(bert.encoder.layer)
    model: CrossEncoder = cross_encoder(transformer)
    head: Any = model[2]
    nn.init.zeros_(head.linear.weight)
    nn.init.zeros_(head.linear.bias)
    return model


class Reader(nn.Module):
    """A cross-encoder, and a head that finds the answering words among its tokens."""

    def __init__(self, model: CrossEncoder) -> None:
        super().__init__()
        self.model = model
        dense: Any = model[2]
        self.words = nn.Linear(dense.in_features, 1)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """From the tokens of pairs, of shape ``(pairs, tokens)``, to the log-odds that the passage
        answers, one for each pair, and to those of each token to be of the answer, unscaled."""
        features: Any = {"input_ids": ids, "attention_mask": mask}
        for module in self.model:
            features = module(features)
        return features["scores"].squeeze(-1), self.words(features["token_embeddings"]).squeeze(-1)


def fine_tune(reader: Reader, steps: Sequence[Sequence[Group]]) -> tuple[float, float]:
    """Train a reader on groups, so many in a step, in their order. Returns the mean losses of the
    last tenth of the steps, of the passage and of the words."""
    model: Any = reader.model
    body = freeze(model, FROZEN)
    heads = [*model[2].parameters(), *reader.words.parameters()]
    learning = Learning([(body, RATE), (heads, 10 * RATE)], len(steps))
    reader.train()
    losses = []
    for step in steps:
        answers, words = _losses(reader, step)
        learning.step(answers + WORDS * words)
        losses.append((answers.item(), words.item()))
    reader.eval()
    last = np.mean(losses[-max(1, len(steps) // 10) :], axis=0)
    return float(last[0]), float(last[1])


def save(reader: Reader, out: Path) -> None:
    """Save a reader as a cross-encoder's folder, with the other head beside it."""
    reader.model.save_pretrained(str(out))
    save_file(reader.words.state_dict(), out / WORDS_HEAD)


def _losses(reader: Reader, step: Sequence[Group]) -> tuple[Tensor, Tensor]:
    """The mean cross-entropies of a step: of the right passages of each group, or of none if none
    is right; and of the tokens of the answering words in the passages that hold them."""
    pairs = [
        (number, passage, similarity, answers)
        for number, group in enumerate(step)
        for passage, similarity, answers in zip(
            group.passages, group.similarities, group.answers, strict=True
        )
    ]
    encodings = _encoded(
        reader, [(step[number].question, passage) for number, passage, *_ in pairs]
    )
    scores, tokens = _read(reader, encodings)
    prior = torch.tensor([PRIOR * (similarity - PRIOR_ZERO) for _, _, similarity, _ in pairs])
    scores = scores + prior
    of_group = torch.tensor([number for number, *_ in pairs])
    right = torch.tensor([answers for *_, answers in pairs])
    answered = []
    for number in range(len(step)):
        own, mine = scores[of_group == number], right[of_group == number]
        # The choice that none answers has the log-odds 0.
        whole = torch.logsumexp(torch.cat([own, own.new_zeros(1)]), 0)
        answered.append(whole - torch.logsumexp(own[mine], 0) if mine.any() else whole)
    found = []
    for (number, passage, _, answers), encoding, own in zip(pairs, encodings, tokens, strict=True):
        held = _holding(encoding, passage, step[number].words) if answers else []
        if held:
            found.append(-torch.logsumexp(own.log_softmax(0)[held], 0))
    nothing = scores.new_zeros(())
    return torch.stack(answered).mean(), torch.stack(found).mean() if found else nothing


def _encoded(reader: Reader, pairs: Sequence[tuple[str, str]]) -> list[Any]:
    tokenizer: Any = reader.model.tokenizer
    encoded = tokenizer(pairs, truncation="only_second", max_length=LONGEST)
    return list(encoded.encodings)


def _read(reader: Reader, encodings: Sequence[Any]) -> tuple[Tensor, list[Tensor]]:
    """The score of each pair, and of each of its tokens."""
    tokenizer: Any = reader.model.tokenizer
    padding = tokenizer.pad_token_id
    order = sorted(range(len(encodings)), key=lambda number: len(encodings[number].ids))
    scores: dict[int, Tensor] = {}
    tokens: dict[int, Tensor] = {}
    for start in range(0, len(order), _ROWS):
        numbers = order[start : start + _ROWS]
        rows = [torch.tensor(encodings[number].ids) for number in numbers]
        ids = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=padding)
        lengths = torch.tensor([len(row) for row in rows])
        mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
        answers, words = reader(ids, mask)
        for row, number in enumerate(numbers):
            scores[number] = answers[row]
            tokens[number] = words[row, : len(rows[row])]
    places = range(len(encodings))
    return torch.stack([scores[place] for place in places]), [tokens[place] for place in places]


def _holding(encoding: Any, passage: str, words: str) -> list[int]:
    """The numbers of the tokens of a pair that hold a part of the answering words, where these
    stand last in the passage: its text is after its headings."""
    start = passage.rfind(words) if words else -1
    end = start + len(words)
    return [
        number
        for number, ((begin, stop), part) in enumerate(
            zip(encoding.offsets, encoding.sequence_ids, strict=True)
        )
        if start >= 0 and part == 1 and begin < end and start < stop
    ]
