"""What is handed to Grafana's HTTP API, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadgen.core.redact import Secret

PATH = "/api/dashboards/db"


@dataclass(frozen=True, slots=True)
class Upload:
    """One dashboard on its way: `grafana` is Grafana's base URL without a slash at its end, `folder` a folder's uid.

    Without a folder the dashboard is stored at the root, and one that lies in a folder is moved there: so Grafana
    reads a request that names none.
    """

    grafana: str
    document: Mapping[str, Any]
    token: Secret | None = None
    folder: str = ""
    message: str = ""

    @property
    def url(self) -> str:
        return self.grafana + PATH

    @property
    def body(self) -> dict[str, Any]:
        """The request's JSON: what is stored under the same uid is replaced, whatever its version."""
        body: dict[str, Any] = {"dashboard": {**self.document, "id": None}, "overwrite": True}
        if self.folder:
            body["folderUid"] = self.folder
        if self.message:
            body["message"] = self.message
        return body


@dataclass(frozen=True, slots=True)
class Answer:
    """Grafana's answer: `reply` is its JSON object, empty where it sent none; `location` is set on redirects."""

    status: int
    reply: Mapping[str, Any]
    location: str = ""
