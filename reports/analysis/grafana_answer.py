"""What an answer of Grafana means for whoever pushed a dashboard, and what they can do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.model.grafana import Answer, Upload


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether the dashboard is stored, and a sentence."""

    stored: bool
    text: str


_PRECONDITIONS = {
    "name-exists": "another dashboard of that folder has this title: give another with --title, or remove that one",
    "version-mismatch": "somebody changed the dashboard at the same time: push again",
    "plugin-dashboard": "the stored dashboard belongs to a plugin: remove the plugin's, or push to another Grafana",
}


def read_answer(upload: Upload, answer: Answer) -> Finding:
    """Return the meaning of an answer; only 200 with Grafana's word `success` means that the dashboard is stored."""
    said = str(answer.reply.get("message", "")).strip()
    if answer.status == 200 and answer.reply.get("status") == "success":
        place = f"{upload.grafana}{_path(upload, answer)}"
        return Finding(True, f"stored as version {answer.reply.get('version', '?')}: {place}")
    if answer.status == 200:
        remedy = f"{upload.url} answers 200 but not as Grafana does: give Grafana's own address"
    else:
        remedy = _remedy(upload, answer, said)
    told = f" ({said})" if said else ""
    return Finding(False, f"not stored, Grafana answered {answer.status}{told}: {remedy}")


def _path(upload: Upload, answer: Answer) -> str:
    """Return the dashboard's path below the base URL; Grafana's own `url` repeats a sub-path it is served under."""
    url = str(answer.reply.get("url", ""))
    return url[url.find("/d/") :] if "/d/" in url else f"/d/{upload.document.get('uid', '')}"


def _remedy(upload: Upload, answer: Answer, said: str) -> str:
    status = answer.status
    if 300 <= status < 400:
        return f"a redirect is not followed, since the token would go along: give {answer.location or 'its target'}"
    if status == 400:
        if "provisioned" in said.lower():
            return "Grafana reads this dashboard from a file: replace that file, or push under another --uid"
        return "the dashboard is not accepted as it is"
    if status == 401:
        return "the token is not accepted: set GRAFANA_TOKEN to a token of a service account of this Grafana"
    if status == 403:
        where = f"folder {upload.folder}" if upload.folder else "the root folder"
        return f"the token may not write to {where}: its service account needs the role Editor, or dashboards:write"
    if status == 404:
        return _not_found(upload, said)
    if status == 412:
        reason = str(answer.reply.get("status", ""))
        return _PRECONDITIONS.get(reason, "a precondition failed: push again, or look at the stored dashboard")
    if status == 429 or status >= 500:
        return "try again later"
    return "this is no answer of Grafana's: give its own address"


def _not_found(upload: Upload, said: str) -> str:
    if upload.folder and "folder" in said.lower():
        return f"there is no folder with the uid {upload.folder}: take the uid from the folder's address"
    return f"there is no Grafana API at {upload.url}: give Grafana's own address, with the path it is served under"
