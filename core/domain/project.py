"""What a project is."""

from msgspec import Struct

from core.domain.task import Task


class ProjectInfo(Struct, frozen=True, kw_only=True):
    """``task`` is ``None`` until the first labelled import or the user says it."""

    id: str  # 32 hexadecimal digits, given once
    name: str
    task: Task | None
    created: str  # ISO 8601, UTC


class Holder(Struct, frozen=True, kw_only=True):
    """Who has a project open for writing."""

    pid: int
    host: str
    user: str
    since: str  # ISO 8601, UTC
