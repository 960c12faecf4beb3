"""What whoever serves the page may choose; made by the command line only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

LOOPBACK = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Settings:
    """``root_path`` is the path below which a reverse proxy shows the service and which it strips;
    ``public_url`` the address under which people know it, or empty.

    ``allowed_hosts`` are the names it may be called by, beside loopback's, ``host`` and that of
    ``public_url``. ``embed_origins`` are the sites that may show the page in a frame.
    ``trusted_proxies`` are the addresses whose word is taken on who asks, and ``client_header``
    where they say it, or empty. ``rate`` is how many requests a client may make a minute that have
    to be worked for, 0 for as many as he likes.

    ``users`` is the file of accounts, if only they may come in, and ``feedback`` that of opinions,
    if any are asked for. ``log`` is the form of the log, for a person at a terminal or for a
    service; ``log_questions`` says whether it is to hold what was asked.
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
