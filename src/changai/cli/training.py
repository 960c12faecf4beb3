"""Commands to train the models, pack them for the package, and export the built-in ones."""

from pathlib import Path

import click

_recipe = click.argument("recipe", type=click.Path(path_type=Path))
_directory = click.argument("directory", type=click.Path(path_type=Path))


@click.command("train-encoder")
@_recipe
@_directory
def train_encoder(recipe: Path, directory: Path) -> None:
    """照配方 RECIPE（TOML）训练编码器，写成 sentence-transformers 模型目录 DIRECTORY。"""
    from changai.training.extra import check

    check()
    from changai.training.encoder import train

    train(recipe, directory)
    click.echo(f"已写入 {directory}；用法：changai build --encoder {directory}")


@click.command("train-reader")
@_recipe
@_directory
def train_reader(recipe: Path, directory: Path) -> None:
    """照配方 RECIPE（TOML）训练细读模型，写成 CrossEncoder 模型目录 DIRECTORY。"""
    from changai.training.extra import check

    check()
    from changai.training.reader import train

    train(recipe, directory)
    click.echo(f"已写入 {directory}。")


@click.command("pack-model")
@click.argument("trained", type=click.Path(path_type=Path))
@_directory
def pack_model(trained: Path, directory: Path) -> None:
    """把训练好的模型 TRAINED 压成内置模型的样子（八位 ONNX，只留中文、英文和越南文的词表）。"""
    from changai.training.extra import check

    check()
    from changai.training.packing import pack

    pack(trained, directory)
    click.echo(f"已写入 {directory}。")


@click.command("export-model")
@_directory
@click.option("--reader", is_flag=True, help="导出细读模型（CrossEncoder），而不是编码器。")
def export_model(directory: Path, reader: bool) -> None:
    """把内置模型另存为 32 位的 sentence-transformers 模型目录，供微调或在 GPU 上建索引。"""
    from changai.models.export import export_builtin

    export_builtin(directory, reader=reader)
    use = "" if reader else f"；用法：changai build --encoder {directory}"
    click.echo(f"已写入 {directory}{use}")
