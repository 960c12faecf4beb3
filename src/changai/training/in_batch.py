"""Fine-tuning an encoder on questions and the passages that answer them, in batches."""

from collections.abc import Iterator, Sequence
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
from torch import Tensor

from changai.training.batches import batches
from changai.training.material import Asked, Material
from changai.training.tuning import FROZEN, LONGEST, RATE, TEMPERATURE, embedded, freeze, must_fill

BATCH = 64
"""How many pairs of a question and a passage are learnt from in one step."""


def fine_tune(
    model: SentenceTransformer, material: Material, epochs: Sequence[Sequence[Asked]], seed: int
) -> tuple[int, float]:
    """Fine-tune a model on the questions of each epoch that have an answer. Returns the number of
    steps, and their mean loss: the cross-entropy of the right passage among all of a batch (van den
    Oord et al., "Representation Learning with Contrastive Predictive Coding", 2018).

    Raises TrainingError when the questions do not fill a batch.
    """
    made = [batch for number, asked in enumerate(epochs) for batch in batches(asked, BATCH, number)]
    must_fill(made, BATCH)
    rows = [(question, material.passages[passage]) for batch in made for question, passage in batch]
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
            per_device_train_batch_size=BATCH,
            learning_rate=RATE,
            warmup_steps=len(made) // 10,
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
    return len(made), float(trained.training_loss)


class InOrder(DefaultBatchSampler):
    """The rows of a dataset as they stand, batch after batch."""

    def __iter__(self) -> Iterator[list[int]]:
        for number in range(len(self)):
            start = number * self.batch_size
            yield [*range(start, start + self.batch_size)]


class ByLength(MultipleNegativesRankingLoss):
    """The same loss, with texts of like length encoded together, which saves padding."""

    def forward(self, sentence_features: Any, labels: Tensor) -> Tensor:
        columns = [embedded(self.model, features) for features in sentence_features]
        return self.compute_loss_from_embeddings(columns, labels)
