"""Which server and which model review code: from the environment, else from `review.toml`.

    server = "http://127.0.0.1:11434"     # Ollama; an address that ends in /v1 speaks OpenAI's way
    models = ["qwen2.5-coder", "gemma3"]  # the first that the server has
    timeout = 120                         # seconds for one exercise
    class_minutes = 30                    # for all reviews of a class

The file lies in the user's configuration folder. Each key may be overruled by a variable:
SPOTLIGHT_REVIEW_SERVER, SPOTLIGHT_REVIEW_MODELS (with commas) and so on.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from platformdirs import user_config_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from spotlight.review.errors import ReviewError

FILE = "review.toml"
OLLAMA_PORT = 11434
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PREFIX = "SPOTLIGHT_REVIEW_"


class Settings(BaseModel):
    """How code is reviewed. Without `models`, any model that the server has will do."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    server: str = f"http://127.0.0.1:{OLLAMA_PORT}"
    models: tuple[str, ...] = ()
    timeout: float = Field(default=120, gt=0, le=3600)
    class_minutes: float = Field(default=30, gt=0, le=24 * 60)

    @field_validator("server")
    @classmethod
    def _whole_address(cls, server: str) -> str:
        return whole_address(server)

    @field_validator("models", mode="before")
    @classmethod
    def _separate(cls, models: Any) -> Any:
        names = models.split(",") if isinstance(models, str) else models
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return tuple(filter(None, (name.strip() for name in names)))
        return names

    @property
    def speaks_openai(self) -> bool:
        """Whether the server is spoken to as OpenAI's are, and not as Ollama."""
        return urlsplit(self.server).path.endswith("/v1")

    @property
    def is_remote(self) -> bool:
        """Whether the server is not on this machine."""
        host = urlsplit(self.server).hostname or ""
        try:
            return not ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host != "localhost"


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings as they stand.

    Raises:
        ReviewError: the file or a variable is not as it should be.
    """
    file = Path(user_config_path("spotlight")) / FILE
    values = _from_file(file)
    sources = dict.fromkeys(values, str(file))
    if "server" not in values and environment.get("OLLAMA_HOST"):
        values["server"], sources["server"] = environment["OLLAMA_HOST"], "OLLAMA_HOST"
    for name in Settings.model_fields:
        variable = _PREFIX + name.upper()
        if environment.get(variable):
            values[name], sources[name] = environment[variable], variable
    try:
        return Settings(**values)
    except ValidationError as error:
        problem = error.errors()[0]
        name = str(problem["loc"][0])
        said = problem["msg"].removeprefix("Value error, ")
        raise ReviewError(
            f"No code was reviewed: {name} = {values[name]!r} in {sources[name]} cannot be used "
            f"({said[0].lower()}{said[1:]})."
        ) from error


def announcement() -> str:
    """What to say before code leaves this machine; empty where it stays."""
    try:
        settings = read_settings()
    except ReviewError:  # then none does
        return ""
    if not settings.is_remote:
        return ""
    return f"Code is sent for review to {settings.server}, which is not this machine."


def whole_address(server: str) -> str:
    """An address with its scheme and port, in the forms that OLLAMA_HOST may have.

    Raises:
        ValueError: it is no address of a web server.
    """
    scheme, has_scheme, rest = server.strip().rstrip("/").rpartition("://")
    parts = urlsplit(f"{scheme or 'http'}://{rest}")
    if parts.scheme not in _DEFAULT_PORTS or parts.username is not None:
        raise ValueError("an address looks like http://127.0.0.1:11434")
    port = parts.port or (_DEFAULT_PORTS[parts.scheme] if has_scheme else OLLAMA_PORT)
    host = parts.hostname or "127.0.0.1"
    if host in ("0.0.0.0", "::"):  # where a server listens everywhere, it listens here
        host = "127.0.0.1"
    if ":" in host:
        host = f"[{host}]"
    return f"{parts.scheme}://{host}:{port}{parts.path}"


def _from_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        raise ReviewError(f"No code was reviewed: {file} cannot be read ({said}).") from error
