"""Commands for the accounts that may sign in to the page."""

import sys
from pathlib import Path

import click

from changai.errors import AccountError


@click.group()
def user() -> None:
    """管理登录网页的账号：changai serve --users FILE 只让 FILE 里的人进来。"""


_users_option = click.option(
    "--users",
    "file",
    required=True,
    type=click.Path(path_type=Path),
    help="账号文件；里面只有密码的散列，没有密码。",
)


@user.command("add")
@click.argument("name")
@_users_option
@click.option("--password-stdin", "piped", is_flag=True, help="从标准输入读一行密码，供脚本使用。")
@click.option("--replace", is_flag=True, help="给已有的账号换密码。")
def add_user(name: str, file: Path, piped: bool, replace: bool) -> None:
    """添加账号 NAME，或给它换密码；密码要 8 至 256 个字。"""
    from changai.admin import accounts

    accounts.add(file, name, _piped_password() if piped else _asked_password(), replace=replace)
    click.echo("密码已换，原来的登录都已失效。" if replace else f"已添加账号 {name}。")


@user.command("list")
@_users_option
def list_users(file: Path) -> None:
    """列出账号，一行一个。"""
    from changai.admin import accounts

    for account in accounts.read(file):
        click.echo(account.name)


@user.command("remove")
@click.argument("name")
@_users_option
def remove_user(name: str, file: Path) -> None:
    """删去账号 NAME；他的登录随即失效。"""
    from changai.admin import accounts

    accounts.remove(file, name)
    click.echo(f"已删去账号 {name}。")


def _piped_password() -> str:
    # The bound is above the longest password in UTF-8 with its line end.
    line = sys.stdin.buffer.readline(2000)
    try:
        return line.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise AccountError("标准输入里的密码不是 UTF-8；请转换之后再试") from error


def _asked_password() -> str:
    if not sys.stdin.isatty():
        # Only a terminal can hide what is typed.
        raise AccountError("这里不是终端，问不了密码；请用 --password-stdin")
    try:
        password: str = click.prompt("密码（不显示）", hide_input=True, prompt_suffix="：")
        again: str = click.prompt("再输一次", hide_input=True, prompt_suffix="：")
    except click.Abort as error:
        raise AccountError("没有输入密码，账号没有改动；请重新运行") from error
    if password != again:
        raise AccountError("两次输入的密码不一样，账号没有改动；请重新运行")
    return password
