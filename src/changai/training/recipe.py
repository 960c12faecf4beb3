"""A recipe: what a model is trained on, and for how long, as a TOML file.

    base = "intfloat/multilingual-e5-small"
    epochs = 2
    seed = 1
    against = "all"   # for an encoder that has learnt from batches

    [[material]]
    questions = "tests/data/library"   # a folder with texts.tsv
    texts = "texts"

    [[material]]
    squad = "cmrc2018.train.json"
    each_epoch = 800

Paths are relative to the file. ``each_epoch`` draws so many questions of a material anew for every
epoch; without it, all are used.
"""

import json
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError

from changai.errors import TrainingError, shown
from changai.files import replace_text
from changai.models.export import RECORD
from changai.training.material import Asked, Material, joined, read_library, read_squad


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    each_epoch: PositiveInt | None = None


class LibraryPart(_Part):
    """A folder of questions like ``tests/data/library``, and the folder of its texts."""

    questions: Path
    texts: Path

    def read(self, folder: Path) -> Material:
        """Raises ArticleError or QuestionFileError."""
        return read_library(folder / self.questions, folder / self.texts)


class SquadPart(_Part):
    """A file in SQuAD's format."""

    squad: Path

    def read(self, folder: Path) -> Material:
        """Raises QuestionFileError."""
        return read_squad(folder / self.squad)


class Recipe(BaseModel):
    """What a model is made of: a base model, by name or folder, and the material."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: str
    epochs: PositiveInt = 2
    seed: int = 1
    material: tuple[LibraryPart | SquadPart, ...]


class EncoderRecipe(Recipe):
    """What an encoder is made of, and against what a question learns which passages answer: the
    others of its batch, or all of the material, once it has learnt from batches."""

    against: Literal["batch", "all"] = "batch"


AnyRecipe = TypeVar("AnyRecipe", bound=Recipe)


def read_recipe(path: Path, kind: type[AnyRecipe]) -> AnyRecipe:
    """Read a recipe of a kind. Raises TrainingError, which says what is wrong with it."""
    try:
        return kind.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TrainingError(f"读不了训练配方 {shown(path)}（{error}）；请检查文件") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise TrainingError(
            f"训练配方 {shown(path)} 的 {place} 有误：{first['msg']}；请改正"
        ) from error


def must_be_new(out: Path) -> None:
    """Raise TrainingError if a folder that is to be written exists."""
    if out.exists():
        raise TrainingError(f"{out} 已经存在；请换一个目录，或先移走它")


def base_of(recipe: Recipe, folder: Path) -> str:
    """The base model's folder, where the recipe's folder has it, or its name."""
    base = folder / recipe.base
    return str(base) if base.is_dir() else recipe.base


def write_record(out: Path, recipe: Recipe, folder: Path, **facts: object) -> None:
    """Write how the model in the folder ``out`` was made: by which recipe of a folder, what is told
    of it besides, the versions of what trained it, and how its base was made, if this tells."""
    record = {
        "recipe": recipe.model_dump(mode="json", exclude_none=True),
        **facts,
        "versions": {name: metadata.version(name) for name in ("sentence-transformers", "torch")},
    }
    earlier = folder / recipe.base / RECORD
    if earlier.is_file():
        record["base"] = json.loads(earlier.read_text(encoding="utf-8"))
    replace_text(out / RECORD, json.dumps(record, ensure_ascii=False, indent=2) + "\n")


def read_parts(recipe: Recipe, folder: Path) -> list[Material]:
    """Each part of a recipe's material."""
    return [each.read(folder) for each in recipe.material]


def read_material(recipe: Recipe, folder: Path) -> tuple[Material, list[range]]:
    """All of a recipe's material as one, and where the questions of each part stand in it."""
    parts = read_parts(recipe, folder)
    ends = np.cumsum([len(part.questions) for part in parts]).tolist()
    starts = [0, *ends[:-1]]
    return joined(parts), [range(start, end) for start, end in zip(starts, ends, strict=True)]


def drawn(recipe: Recipe, material: Material, places: list[range], epoch: int) -> list[Asked]:
    """The questions of one epoch."""
    return [
        material.questions[place[number]]
        for place, numbers in zip(
            places, drawn_numbers(recipe, [*map(len, places)], epoch), strict=True
        )
        for number in numbers
    ]


def drawn_numbers(recipe: Recipe, questions: list[int], epoch: int) -> list[list[int]]:
    """For each part, of so many questions, the numbers of those of one epoch."""
    random = np.random.default_rng(100 * recipe.seed + epoch)
    every = []
    for part, count in zip(recipe.material, questions, strict=True):
        numbers = np.arange(count)
        if part.each_epoch is not None and part.each_epoch < count:
            numbers = np.sort(random.choice(numbers, part.each_epoch, replace=False))
        every.append(numbers.tolist())
    return every
