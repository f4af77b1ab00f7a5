"""Taking answers away from the staff pages: a file is made in a worker thread, and is gone here once it was taken.

A short one follows at once. One that takes longer has a page that says how far it is, and keeps it for half an hour.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import BinaryIO, Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from bot.analysis.formats.asked import ExportRefused
from bot.core.window import london_day, moment
from bot.web.accounts import Clock, Visit
from bot.web.cookie_secrets import form_token
from bot.web.downloads import Download
from bot.web.figures import Figures
from bot.web.pages import Pages
from bot.web.private_folder import PrivateFolder
from bot.web.security import TurnedAway
from bot.web.tasks import Task, Tasks
from bot.web.visits import Visits
from storage.errors import WrongSecret

PAGE: Final = "/staff/surveys/{survey}/export"
PATIENCE_SECONDS: Final = 3.0
_FAILED: Final = "It failed here, and has been noted. Try again; if it fails again, tell whoever runs the server."


class ExportTask(Task):
    """A file that is being made, or waits to be taken. `problem` says why it could not be made."""

    def __init__(self, visit: Visit, survey: str, download: Download, file_name: str) -> None:
        super().__init__(visit.member.id, visit.member.name, survey, PrivateFolder())
        self.download = download
        self.file_name = file_name
        self.problem = ""


class ExportDesk:
    """The handlers. `add_to` says at which addresses; `clock` gives epoch milliseconds UTC."""

    def __init__(
        self,
        figures: Figures,
        pages: Pages,
        clock: Clock,
        visits: Visits,
        downloads: Sequence[Download],
        patience: float,
    ) -> None:
        self._figures = figures
        self._pages = pages
        self._clock = clock
        self._visits = visits
        self._downloads = downloads
        self._tasks: Tasks[ExportTask] = Tasks(clock, patience)

    def add_to(self, router: APIRouter) -> None:
        """Add the pages."""
        for path, method, handler in (
            (PAGE, "POST", self.export),
            (f"{PAGE}/{{task}}", "GET", self.show),
            (f"{PAGE}/{{task}}", "POST", self.take),
            (f"{PAGE}/{{task}}/progress", "GET", self.progress),
        ):
            router.add_route(path, self._pages.guard(handler), methods=[method], include_in_schema=False)

    async def export(self, request: Request) -> Response:
        """Make a masked export, and hand it out; or show how far it is. It is in the audit log before a byte leaves."""
        visit, form = await self._visits.signed_in_form(request)
        _refuse_who_may_not(visit)
        survey = request.path_params["survey"]
        download = next((each for each in self._downloads if each.key == form.get("format")), None)
        is_there = survey in [each.id for each in await self._figures.surveys()]
        if download is None or not download.is_possible or not is_there:
            raise _is_unknown()
        labels = await self._labels(survey, form.get("labels", ""))
        at_work = self._tasks.of(visit.member.id)
        if at_work is not None and at_work.is_working:
            return _to(at_work)  # one after the other: its page says which file it is
        primary_only, shareable = (form.get(choice) == "yes" for choice in ("primary_only", "shareable"))
        today = london_day(moment(self._clock())).isoformat()
        kind = f"{'-primary' if primary_only else ''}{'-shareable' if shareable else ''}"
        kind += f"-labels-{labels}" if labels else ""
        name = re.sub(r"[^A-Za-z0-9._-]", "_", f"{survey}-{today}{kind}")
        task = ExportTask(visit, survey, download, f"{name}{download.ending}")
        self._tasks.keep(task)
        making = self._make(task, labels=labels, primary_only=primary_only, shareable=shareable)
        await self._tasks.begin(task, making, partial(_fail, task))
        return _to(task) if task.is_working else await self._hand_out(task)

    async def show(self, request: Request) -> Response:
        """Show how far a file is, or that it is ready."""
        visit = await self._visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        task = self._own_task(request, visit)
        if task is None:
            raise _is_over()
        here = _page_of(task)
        return self._pages.show("export_task.html", visit=visit, token=form_token(visit.secret), task=task, here=here)

    async def progress(self, request: Request) -> Response:
        """Give the part of that page that changes; nothing when the file is made."""
        visit = await self._visits.of(request)
        if visit is None:
            raise TurnedAway(403, "You are not signed in", "Your session has ended. Sign in again.")
        task = self._own_task(request, visit)
        if task is None or not task.is_working:
            return Response(status_code=204)
        return self._pages.show("export_progress.html", task=task)

    async def take(self, request: Request) -> Response:
        """Hand the file out, or give it up."""
        visit, form = await self._visits.signed_in_form(request)
        task = self._own_task(request, visit)
        if task is None:
            raise _is_over()
        if form.get("do") == "drop":
            self._tasks.drop(task)
            return RedirectResponse(f"/staff?survey={quote(task.survey, safe='')}", 303)
        return _to(task) if task.is_working else await self._hand_out(task)

    async def _labels(self, survey: str, name: str) -> str | None:
        """Give the language to write labels in; None for codes. Raises TurnedAway for one that the survey has not."""
        code = await self._figures.language_called(survey, name) if name else None
        if name and code is None:
            raise _is_unknown()
        return code

    async def _make(self, task: ExportTask, *, labels: str | None, primary_only: bool, shareable: bool) -> None:
        try:
            await self._figures.export(
                task.survey,
                task.download.form,
                task.folder.path / task.file_name,
                task.name,
                labels=labels,
                primary_only=primary_only,
                shareable=shareable,
                progress=task.hear,
            )
        except (ExportRefused, WrongSecret) as refusal:
            task.problem = str(refusal)

    async def _hand_out(self, task: ExportTask) -> Response:
        """Open the file, with its name already gone: whatever happens next, no copy stays behind."""
        try:
            if task.problem:
                raise TurnedAway(503, "The export could not be written", task.problem)
            opened = await asyncio.to_thread((task.folder.path / task.file_name).open, "rb")
        finally:
            self._tasks.drop(task)
        headers = {"Content-Disposition": f'attachment; filename="{task.file_name}"'}
        return StreamingResponse(_slices(opened), headers=headers, media_type=task.download.media_type)

    def _own_task(self, request: Request, visit: Visit) -> ExportTask | None:
        _refuse_who_may_not(visit)
        task = self._tasks.find(request.path_params["task"])
        is_theirs = task is not None and task.who == visit.member.id and task.survey == request.path_params["survey"]
        return task if is_theirs else None


def _refuse_who_may_not(visit: Visit) -> None:
    if not visit.role.may_download:
        raise TurnedAway(403, "You may not download answers", "Ask an analyst for the export.")


def _is_unknown() -> TurnedAway:
    return TurnedAway(404, "There is no such export", "Go back to the staff page and choose one from it.")


def _is_over() -> TurnedAway:
    return TurnedAway(
        404,
        "That file is not here any more",
        "It was taken, or half an hour has passed, or the service was started again. Make it again from the staff "
        "page: nothing is lost.",
    )


def _fail(task: ExportTask) -> None:
    task.problem = _FAILED


def _page_of(task: ExportTask) -> str:
    return f"{PAGE.format(survey=quote(task.survey, safe=''))}/{task.id}"


def _to(task: ExportTask) -> Response:
    return RedirectResponse(_page_of(task), 303)


def _slices(opened: BinaryIO) -> Iterator[bytes]:
    with opened:
        while part := opened.read(64 * 1024):
            yield part
