"""Every address of the API in one table: method, path and handler.

All of them are behind the door: the caller is known before a handler runs, and services check their rights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xrm.api import (
    batch,
    comments,
    definitions,
    duplicates,
    explain,
    feeds,
    files,
    jobs,
    links,
    metadata,
    pack_settings,
    rates,
    records,
    shares,
    timeline,
    tokens,
    transfers,
    undo,
    uses,
    views,
)
from xrm.api.answers import Answer


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one address."""

    method: str
    path: str
    handle: Callable[..., Answer]
    takes_file: bool = False


_MANY = "/records/<entity>"
_ONE = "/records/<entity>/<record>"
_LINKS = f"{_ONE}/links/<relationship>"

ROUTES = (
    Route("GET", _MANY, records.list_or_group),
    Route("POST", _MANY, records.create),
    Route("PUT", _MANY, records.upsert),
    Route("GET", f"{_MANY}/duplicates", duplicates.groups),
    Route("POST", f"{_MANY}/duplicates", duplicates.ahead),
    Route("GET", _ONE, records.read),
    Route("PATCH", _ONE, records.update),
    Route("DELETE", _ONE, records.delete),
    Route("GET", f"{_ONE}/history", records.history),
    Route("GET", f"{_ONE}/explain/<field>", explain.explain),
    Route("GET", f"{_ONE}/timeline", timeline.timeline),
    Route("POST", f"{_ONE}/comments", comments.comment),
    Route("PATCH", f"{_ONE}/comments/<comment>", comments.edit),
    Route("DELETE", f"{_ONE}/comments/<comment>", comments.delete),
    Route("POST", f"{_ONE}/restore", records.restore),
    Route("POST", f"{_ONE}/merge", duplicates.merge),
    Route("GET", f"{_ONE}/transitions", links.transitions),
    Route("POST", f"{_ONE}/transitions/<name>", links.transition),
    Route("GET", _LINKS, links.links),
    Route("POST", _LINKS, links.link),
    Route("DELETE", _LINKS, links.unlink),
    Route("GET", f"{_ONE}/shares", shares.shares),
    Route("POST", f"{_ONE}/shares", shares.share),
    Route("DELETE", f"{_ONE}/shares", shares.end_share),
    Route("GET", "/views/<entity>", views.views),
    Route("POST", "/views/<entity>", views.create),
    Route("GET", "/views/<entity>/<view>", views.read),
    Route("PATCH", "/views/<entity>/<view>", views.change),
    Route("DELETE", "/views/<entity>/<view>", views.delete),
    Route("POST", "/batch", batch.batch),
    Route("POST", "/imports", transfers.imports, takes_file=True),
    Route("POST", "/exports", transfers.exports),
    Route("GET", "/jobs", jobs.jobs),
    Route("GET", "/jobs/<job>", jobs.job),
    Route("POST", "/jobs/<job>/cancel", jobs.cancel),
    Route("POST", "/jobs/<job>/undo", jobs.undo),
    Route("GET", "/jobs/<job>/file", jobs.file),
    Route("GET", "/rates", rates.rates),
    Route("PUT", "/rates", rates.put),
    Route("DELETE", "/rates/<currency>/<day>", rates.remove),
    Route("POST", "/rates/revaluation", rates.revalue),
    Route("GET", "/changes", feeds.changes),
    Route("POST", "/changes/<position>/undo", undo.undo),
    Route("GET", "/search", feeds.search),
    Route("GET", "/me", metadata.me),
    Route("GET", "/me/tokens", tokens.tokens),
    Route("POST", "/me/tokens", tokens.create),
    Route("DELETE", "/me/tokens/<token>", tokens.revoke),
    Route("POST", "/files", files.upload, takes_file=True),
    Route("GET", "/files/<file>", files.download),
    Route("GET", "/metadata", metadata.entities),
    Route("GET", "/metadata/entities", metadata.entities),
    Route("GET", "/metadata/entities/<entity>", metadata.entity),
    Route("GET", "/metadata/uses/<name>", uses.where_used),
    Route("GET", "/metadata/documents", definitions.documents),
    Route("POST", "/metadata/plan", definitions.plan),
    Route("POST", "/metadata/apply", definitions.apply),
    Route("GET", "/metadata/settings", pack_settings.settings),
    Route("PATCH", "/metadata/settings", pack_settings.change),
    Route("POST", "/metadata/settings/plan", pack_settings.plan),
    Route("GET", "/openapi.json", metadata.document),
)
