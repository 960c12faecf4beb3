"""Training the encoder on questions and the passages that answer them."""

import time
from pathlib import Path

from sentence_transformers import SentenceTransformer

from changai.training import against_all, in_batch
from changai.training.recipe import (
    EncoderRecipe,
    base_of,
    drawn,
    must_be_new,
    read_material,
    read_recipe,
    write_record,
)

_WAYS = {"batch": in_batch.fine_tune, "all": against_all.fine_tune}


def train(recipe_file: Path, out: Path) -> None:
    """Fine-tune a sentence-transformers model by a recipe, and save it to the folder ``out`` with a
    record of how it was made, ``training.json``.

    Raises TrainingError when the recipe cannot be used, its questions are too few, or ``out``
    exists, and what reading the material raises.
    """
    recipe = read_recipe(recipe_file, EncoderRecipe)
    must_be_new(out)
    folder = recipe_file.parent
    material, places = read_material(recipe, folder)
    epochs = [drawn(recipe, material, places, epoch) for epoch in range(recipe.epochs)]
    model = SentenceTransformer(base_of(recipe, folder))
    began = time.monotonic()
    steps, loss = _WAYS[recipe.against](model, material, epochs, recipe.seed)
    seconds = round(time.monotonic() - began)
    model.save(str(out))
    write_record(
        out,
        recipe,
        folder,
        passages=len(material.passages),
        questions=[len(place) for place in places],
        steps=steps,
        loss=round(loss, 4),
        seconds=seconds,
    )
