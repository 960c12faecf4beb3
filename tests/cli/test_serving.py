"""Serving from the command line."""

import socket
from pathlib import Path

from support.commands import run


def test_serve_names_a_port_that_is_taken(built_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", "--port", str(port), "--index", built_folder)
    assert result.exit_code == 2
    assert f"127.0.0.1:{port}" in result.stderr
