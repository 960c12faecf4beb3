"""The settings of the web service. Only the command line makes them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from changai.errors import ServerError, shown

_ORIGIN = r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?"
_PATH = r"(/[A-Za-z0-9._~-]+)*"
_FORMS = {
    "--public-url": (f"({_ORIGIN}{_PATH}/?)?", "https://wd.example.org/changai"),
    "--root-path": (_PATH, "/changai"),
    "--allow-host": (r"[A-Za-z0-9.-]+|[0-9A-Fa-f:.]+", "wd.example.org"),
    "--embed-origin": (_ORIGIN, "https://www.example.org"),
    "--trusted-proxy": (r"[0-9.]+|[0-9A-Fa-f:.]+", "10.0.0.1"),
    "--client-header": (r"[A-Za-z0-9-]*", "X-Real-IP"),
}
"""The pattern that the value of an option must match, and an example."""

LOOPBACK = ("127.0.0.1", "::1")
LOCAL_NAMES = ("localhost", *LOOPBACK)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the web service, checked.

    ``root_path`` is the path under which a reverse proxy serves the service, and which the proxy
    removes. ``public_url`` is the address that people use, or empty.

    ``allowed_hosts`` are the host names that requests may use, besides those of loopback, ``host``
    and ``public_url``. ``embed_origins`` are the sites that may show the page in a frame.
    ``trusted_proxies`` are the addresses of proxies that may say who the client is, and
    ``client_header`` is the header in which they say it, or empty. ``rate`` is how many requests
    that need work a client may send per minute; 0 means no limit.

    ``users`` is the file of accounts, if users must sign in. ``feedback`` is the file of opinions,
    if they are collected. ``log`` is the form of the log: ``text`` for a person at a terminal, or
    ``json`` for a service. ``log_questions`` says whether the log contains the questions.
    """

    index: Path
    host: str = "127.0.0.1"
    port: int = 7860
    root_path: str = ""
    public_url: str = ""
    allowed_hosts: tuple[str, ...] = ()
    embed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = LOOPBACK
    client_header: str = ""
    rate: int = 60
    users: Path | None = None
    feedback: Path | None = None
    log: Literal["text", "json"] = "text"
    log_questions: bool = False

    def __post_init__(self) -> None:
        """Raise ServerError for a value that is not valid. The message names its option."""
        given = {
            "--public-url": (self.public_url,),
            "--root-path": (self.root_path,),
            "--allow-host": self.allowed_hosts,
            "--embed-origin": self.embed_origins,
            "--trusted-proxy": self.trusted_proxies,
            "--client-header": (self.client_header,),
        }
        for option, values in given.items():
            form, example = _FORMS[option]
            for value in values:
                if not re.fullmatch(form, value):
                    raise ServerError(f"{option} 不能是 {shown(value)}；请写成 {example} 这样的")
