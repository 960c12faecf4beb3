"""Fine-tuning the encoder on questions and the passages that answer them."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from datasets import Dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.base.sampler import DefaultBatchSampler
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from torch import Tensor, nn

from changai.errors import TrainingError
from changai.training.batches import Pair, batches
from changai.training.recipe import (
    base_of,
    drawn,
    must_be_new,
    read_material,
    read_recipe,
    write_record,
)

BATCH = 64
FROZEN = 4
"""How many of the lowest layers stay as they are, which saves a quarter of the time. The embeddings
do too: words that the material lacks keep their place beside those that it has."""
TEMPERATURE = 0.03
"""Of the softmax over the passages of a batch."""
RATE = 5e-5
"""The highest learning rate, reached after a tenth of the steps, from where it falls to zero."""
LONGEST = 256
"""The most tokens of a passage that are read in training."""


def train(recipe_file: Path, out: Path) -> None:
    """Fine-tune a sentence-transformers model by a recipe, and save it to the folder ``out`` with a
    record of how it was made, ``training.json``.

    Raises TrainingError when the recipe cannot be used or ``out`` exists, and what reading the
    material raises.
    """
    recipe = read_recipe(recipe_file)
    must_be_new(out)
    material, places = read_material(recipe, recipe_file.parent)
    made = [
        batch
        for epoch in range(recipe.epochs)
        for batch in batches(drawn(recipe, material, places, epoch), BATCH, epoch)
    ]
    if not made:
        raise TrainingError(f"材料里能回答的问题不到 {BATCH} 个，不够一批；请补充")
    model = SentenceTransformer(base_of(recipe, recipe_file.parent))
    began = time.monotonic()
    loss = fine_tune(model, material.passages, made, recipe.seed)
    seconds = round(time.monotonic() - began)
    model.save(str(out))
    write_record(
        out,
        recipe,
        passages=len(material.passages),
        questions=[len(place) for place in places],
        steps=len(made),
        loss=round(loss, 4),
        seconds=seconds,
    )


def fine_tune(
    model: SentenceTransformer,
    passages: Sequence[str],
    batches: Sequence[Sequence[Pair]],
    seed: int,
) -> float:
    """Fine-tune a model on batches of pairs, in their order, and return the mean loss.

    The loss is the cross-entropy of the right passage among all of the batch (van den Oord et al.,
    "Representation Learning with Contrastive Predictive Coding", 2018).
    """
    rows = [(question, passages[passage]) for batch in batches for question, passage in batch]
    data = Dataset.from_dict(
        {"anchor": [row[0] for row in rows], "positive": [row[1] for row in rows]}
    )
    freeze(model, FROZEN)
    whole, model.max_seq_length = model.max_seq_length, LONGEST
    loss = ByLength(model, scale=1 / TEMPERATURE)
    with TemporaryDirectory() as scratch:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=scratch,
            num_train_epochs=1,
            per_device_train_batch_size=len(batches[0]),
            learning_rate=RATE,
            warmup_steps=len(batches) // 10,
            lr_scheduler_type="linear",
            weight_decay=0.01,
            seed=seed,
            batch_sampler=InOrder,
            prompts={
                "anchor": model.prompts["query"] or "",
                "positive": model.prompts["document"] or "",
            },
            dataloader_pin_memory=torch.cuda.is_available(),
            logging_steps=10,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        trainer = SentenceTransformerTrainer(model, arguments, train_dataset=data, loss=loss)
        trained = trainer.train()
    model.max_seq_length = whole
    return float(trained.training_loss)


class InOrder(DefaultBatchSampler):
    """The rows of a dataset as they stand, batch after batch."""

    def __iter__(self) -> Iterator[list[int]]:
        for number in range(len(self)):
            start = number * self.batch_size
            yield [*range(start, start + self.batch_size)]


class ByLength(MultipleNegativesRankingLoss):
    """The same loss, with texts of like length encoded together, which saves padding."""

    def forward(self, sentence_features: Any, labels: Tensor) -> Tensor:
        columns = [_embedded(self.model, features) for features in sentence_features]
        return self.compute_loss_from_embeddings(columns, labels)


def freeze(model: SentenceTransformer, layers: int) -> None:
    """Keep the embeddings and the lowest ``layers`` of a BERT as they are, and drop nothing out:
    every question is learnt from a few times only."""
    bert: Any = model[0].model
    for module in (bert.embeddings, *bert.encoder.layer[:layers]):
        module.requires_grad_(False)
    for module in bert.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    bert.config.attention_probs_dropout_prob = 0.0


def _embedded(model: Any, features: dict[str, Any]) -> Tensor:
    """The vectors of a column of texts, encoded in four groups by length."""
    lengths = features["attention_mask"].sum(dim=1)
    order = lengths.argsort()
    vectors = []
    for group in order.chunk(4):
        width = int(lengths[group].max())
        cut = {name: features[name][group, :width] for name in ("input_ids", "attention_mask")}
        vectors.append(model({**features, **cut})["sentence_embedding"])
    return torch.cat(vectors)[order.argsort()]
