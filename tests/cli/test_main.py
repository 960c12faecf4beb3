"""The command line as a whole."""

import pytest
from click.testing import CliRunner

from changai.cli.main import main
from support.commands import run

QUESTION = "外地人的孩子在宁波怎么上学?"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ask"], "缺少 'QUESTION'；用法见 changai ask --help"),
        (["fit", "a.jsonl"], "缺少 '-o' / '--output'；用法见 changai fit --help"),
        (["ask", "技能", "-k", "0"], "'-k' 应是 1 以上的整数；用法见 changai ask --help"),
        (["ask", "技能", "-k", "三"], "'-k' 应是 1 以上的整数；用法见 changai ask --help"),
        (
            ["serve", "--port", "65536"],
            "'--port' 应是 0 到 65535 的整数；用法见 changai serve --help",
        ),
        (
            ["fit", "a.jsonl", "-o", "/"],
            "'-o' / '--output' 的值不能用；用法见 changai fit --help",
        ),
        (["ask", "技能", "人才"], "参数多了，有空格的要用引号括起来；用法见 changai ask --help"),
        (["build", "--encoder"], "选项 --encoder 少了值，或不该有值；用法见 changai --help"),
        (["build", "--nonsense"], "没有选项 --nonsense；用法见 changai build --help"),
        (["--nonsense"], "没有选项 --nonsense；用法见 changai --help"),
        (["nonsense"], "没有这个命令；用法见 changai --help"),
    ],
)
def test_misuse_exits_with_two_and_one_line_in_chinese(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, arguments, prog_name="changai")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"changai：{said}\n"


def test_without_a_command_the_help_is_shown() -> None:
    result = run()
    assert result.exit_code == 2
    assert "产改问答" in result.output
