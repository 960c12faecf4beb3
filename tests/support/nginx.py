"""nginx with the site that is handed out, on this machine."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import httpx
import pytest

from support.paths import ROOT

DEPLOY = ROOT / ".github" / "deploy"


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def tool(name: str) -> str:
    """The path of a program that CI must have, and without which a test is skipped elsewhere."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have {name}: see .ci/run")
        pytest.skip(f"no {name} on this machine")
    return found


def run(*command: str | Path) -> str:
    """What a command says, which must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@dataclass(frozen=True, slots=True)
class Front:
    """nginx on this machine: where it is asked, and what it wrote."""

    secure: int
    plain: int
    certificate: Path
    folder: Path

    @property
    def url(self) -> str:
        return f"https://localhost:{self.secure}"

    def client(self) -> httpx.Client:
        trusting = ssl.create_default_context(cafile=self.certificate)
        return httpx.Client(base_url=self.url, verify=trusting, timeout=60)

    def logged(self) -> str:
        return "".join(path.read_text(encoding="utf-8") for path in self.folder.glob("*.log"))


def make_certificate(folder: Path) -> Path:
    """Make a certificate of localhost's own, with its key beside it."""
    certificate = folder / "fullchain.pem"
    run(
        *(tool("openssl"), "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
        *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-addext", "subjectAltName=DNS:localhost"),
        *("-keyout", folder / "privkey.pem", "-out", certificate),
    )
    return certificate


def free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        found = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [each.getsockname()[1] for each in found]


@contextmanager
def nginx(site: str, upstream: str, certificate: Path, folder: Path) -> Iterator[Front]:
    """nginx with the site of the example, on loopback and ports of its own."""
    plain, secure = free_ports(2)
    for told, here in [
        ("https://wd.example.org", f"https://localhost:{secure}"),
        ("wd.example.org", "localhost"),
        ("127.0.0.1:7860", httpx.URL(upstream).netloc.decode()),
        ("    listen [::]:80;\n", ""),
        ("    listen [::]:443 ssl default_server;\n", ""),
        ("    listen [::]:443 ssl http2;\n", ""),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ", f"listen 127.0.0.1:{secure} "),
        ("/etc/ssl/changai", str(certificate.parent)),
        ("/var/log/nginx/", f"{folder}/"),
        ("/var/cache/nginx-changai", f"{folder}/cache"),
    ]:
        assert told in site, told
        site = site.replace(told, here)
    # Where a package's own configuration has what belongs to the machine.
    kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    owner = "user root;" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"{owner} daemon off; pid {folder}/pid; error_log {folder}/main.log info; events {{}}"
        f"http {{ {temporary} {site} }}",
        encoding="utf-8",
    )
    options = ["-e", f"{folder}/main.log", "-c", str(configuration)]
    run(tool("nginx"), "-t", *options)
    with subprocess.Popen([tool("nginx"), *options]) as process:
        try:
            while process.poll() is None:
                with (
                    suppress(ConnectionRefusedError),
                    socket.create_connection(("127.0.0.1", plain)),
                ):
                    break
                time.sleep(0.02)
            yield Front(secure, plain, certificate, folder)
        finally:
            process.send_signal(signal.SIGQUIT)


def site(home: str) -> str:
    """The example, or its variant at the root: its comment instead of the lines above that."""
    example = text("nginx.conf")
    if home == "/changai/":
        return example
    before, _, rest = example.partition("    location /changai/ {")
    variant = rest.partition("instead of the five locations above\n")[2]
    commented = list(takewhile(lambda line: line.startswith("    #"), variant.splitlines()))
    lines = [line.removeprefix("    #") for line in commented]
    return "\n".join([before, *lines, *variant.splitlines()[len(commented) :]])
