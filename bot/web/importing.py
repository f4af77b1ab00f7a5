"""The page that brings a web form's answers in: a file and its map, everything that is wrong at once, then the writing.

For those who may take the answers away. Nothing is written before somebody has seen what would be, and what is written
is exactly that.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.analysis.columns import UnknownSurvey, read_published
from bot.analysis.importing.report import STATES, UNKNOWN_LABEL, Report
from bot.core.survey import wording
from bot.service.counting import counted
from bot.web.accounts import Clock, Door, Visit
from bot.web.cookie_secrets import form_token
from bot.web.council import refuse_workers
from bot.web.import_work import Import, ImportWork, Stage
from bot.web.pages import Pages, when
from bot.web.private_folder import PrivateFolder
from bot.web.security import TurnedAway
from bot.web.tasks import PATIENCE_SECONDS
from bot.web.uploading import Upload, is_upload, receive
from bot.web.visits import Visits, check_token
from storage import imports
from storage.keys import KeyRing
from storage.script import Database

PAGE: Final = "/staff/surveys/{survey}/import"
MOST_BYTES: Final = 50_000_000
"""Of all files of one import together."""
MOST_MAP: Final = 200_000
MOST_LISTED: Final = 10
_ROWS_A_SECOND: Final = 5_000
_SHORT_WAIT_SECONDS: Final = 2
STATE_NAMES: Final[Mapping[str, str]] = {
    "answered": "Answered",
    UNKNOWN_LABEL: "Unknown label",
    "skipped": "Skipped",
    "not_applicable": "Not asked",
    "unparsed": "Not understood",
    "not_in_version": "Not in the form",
}


def import_routes(
    database: Database,
    keys: KeyRing,
    pages: Pages,
    clock: Clock,
    public_base_url: str,
    patience: float = PATIENCE_SECONDS,
) -> APIRouter:
    """Make the pages. `clock` gives epoch milliseconds UTC; `public_base_url` is where browsers reach us.

    Work that takes longer than `patience` seconds shows how far it is.
    """
    work = ImportWork(database, keys, clock, patience)
    desk = ImportDesk(database, work, pages, Visits(Door(database, clock), public_base_url))
    router = APIRouter()
    for path, method, handler in (
        (PAGE, "GET", desk.begin),
        (PAGE, "POST", desk.take),
        (f"{PAGE}/{{task}}", "GET", desk.show),
        (f"{PAGE}/{{task}}", "POST", desk.act),
        (f"{PAGE}/{{task}}/progress", "GET", desk.progress),
    ):
        router.add_route(path, pages.guard(handler), methods=[method], include_in_schema=False)
    return router


class ImportDesk:
    """The handlers behind import_routes."""

    def __init__(self, database: Database, work: ImportWork, pages: Pages, visits: Visits) -> None:
        self._database = database
        self._work = work
        self._tasks = work.tasks
        self._pages = pages
        self._visits = visits

    async def begin(self, request: Request) -> Response:
        """Ask for the file, and list what came in before."""
        visit = await self._visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        refuse_workers(visit)
        return await self._begin_page(request, visit)

    async def take(self, request: Request) -> Response:
        """Take the file in, and begin to look it over; without a map, propose one."""
        visit = await self._visits.signed_in(request)
        refuse_workers(visit)
        if not is_upload(request):
            await self._visits.signed_in_form(request)
            raise TurnedAway(400, "That form could not be read", "Go back to the page and try again.")
        survey, _ = await self._survey(request)
        self._refuse_while_busy(visit)
        folder = PrivateFolder()
        try:
            upload = await receive(request, folder, MOST_BYTES, partial(check_token, secret=visit.secret))
            if "file" not in upload.files:
                folder.remove()
                return await self._begin_page(request, visit, 422, problem="Choose the file with the answers")
            task = Import(visit, survey, folder, upload.files["file"][0], _map_in(upload))
            self._refuse_while_busy(visit)  # somebody else may have been faster meanwhile
            self._tasks.keep(task)
        except BaseException:
            folder.remove()
            raise
        await self._work.look(task)
        return _to(task)

    async def show(self, request: Request) -> Response:
        """Show how an import stands."""
        visit = await self._visits.of(request)
        if visit is None:
            return RedirectResponse("/staff", 303)
        refuse_workers(visit)
        task = self._own_task(request, visit)
        if task is None:
            return await self._over(request, visit)
        return await self._task_page(request, visit, task)

    async def progress(self, request: Request) -> Response:
        """Give the part of the page that changes while it is worked on; nothing when that is over."""
        visit = await self._visits.of(request)
        if visit is None:
            raise TurnedAway(403, "You are not signed in", "Your session has ended. Sign in again.")
        refuse_workers(visit)
        task = self._own_task(request, visit)
        if task is None or not task.is_working:
            return Response(status_code=204)
        return self._pages.show("import_progress.html", task=task)

    async def act(self, request: Request) -> Response:
        """Look again with a mended map, bring the answers in, or give it up."""
        visit, form = await self._visits.signed_in_form(request, 3 * MOST_MAP)  # a letter may be sent as three
        refuse_workers(visit)
        task = self._own_task(request, visit)
        if task is None:
            return await self._over(request, visit)
        do = form.get("do", "")
        if do not in ("look", "apply", "drop", "save"):
            raise TurnedAway(400, "That form could not be read", "Go back to the page and try again.")
        if do == "save":
            return _saved(task, _short_enough(form.get("map", task.map_text)))
        if task.stage is Stage.WRITING or task.stage is Stage.WRITTEN:
            return _to(task)
        if do == "drop":
            self._tasks.drop(task)
            return RedirectResponse(f"{_page_of(task.survey)}?done=dropped", 303)
        self._refuse_while_busy(visit)
        if task.is_working:
            return _to(task)
        if do == "look":
            task.map_text = _short_enough(form.get("map", ""))
            await self._work.look(task)
        elif task.stage is Stage.READY and form.get("seal") == task.seal:
            task.takes_back = form.get("take_back") == "yes"
            if task.report is not None and task.report.taken_back and not task.takes_back:
                return await self._task_page(request, visit, task, 422, "Say whether older answers are right")
            await self._work.write(task)
        else:
            raise TurnedAway(
                409,
                "This is not what was looked over",
                "The file or its map was looked over again since you opened that page. Nothing was written. Go back "
                "to the import, read its report, and then bring the answers in.",
            )
        return _to(task)

    # -- the pages ----------------------------------------------------------------------------------------------------

    async def _task_page(
        self, request: Request, visit: Visit, task: Import, status: int = 200, problem: str = ""
    ) -> Response:
        _, title = await self._survey(request)
        waits = 0 if self._database.is_postgres else task.brings // _ROWS_A_SECOND
        return self._pages.show(
            "import_task.html",
            status,
            problem=problem,
            visit=visit,
            token=form_token(visit.secret),
            page=_page_of(task.survey),
            title=title,
            task=task,
            stage=task.stage.value,
            states=[(state, STATE_NAMES[state]) for state in _states_in(task.report)],
            waits=waits if waits >= _SHORT_WAIT_SECONDS else 0,
        )

    async def _begin_page(
        self, request: Request, visit: Visit, status: int = 200, *, problem: str = "", said: str = "", over: str = ""
    ) -> Response:
        survey, title = await self._survey(request)
        at_work = self._tasks.at_work()
        done = "It was given up. Nothing was written." if request.query_params.get("done") == "dropped" else ""
        return self._pages.show(
            "import.html",
            status,
            visit=visit,
            token=form_token(visit.secret),
            page=_page_of(survey),
            survey=survey,
            title=title,
            own=self._tasks.of(visit.member.id),
            other=at_work if at_work is not None and at_work.who != visit.member.id else None,
            brought=await self._database.read(partial(imports.batches, survey, MOST_LISTED)),
            most=MOST_BYTES // 1_000_000,
            problem=problem,
            said=said or done,
            over=over,
        )

    async def _over(self, request: Request, visit: Visit) -> Response:
        """Say of an import that is not in hand any more whether it was written: the database knows."""
        survey, _ = await self._survey(request)
        brought = await self._database.read(partial(imports.batch, survey, request.path_params["task"]))
        if brought is not None:
            added = counted(brought.added, "new response")
            said = f"{brought.file_name} was brought in on {when(brought.at)}: {added}, {brought.changed} changed."
            return await self._begin_page(request, visit, said=said)
        return await self._begin_page(
            request,
            visit,
            404,
            over="That import is not in hand any more, and nothing of it was written. The service was started again, "
            "or half an hour has passed, or it was given up. Choose the file again.",
        )

    async def _survey(self, request: Request) -> tuple[str, str]:
        """Find the survey of an address, and its title."""
        survey = request.path_params["survey"]
        try:
            published = await self._database.read(partial(read_published, survey))
        except UnknownSurvey:
            raise TurnedAway(
                404, "There is no such survey", "It may have another name. Go back to the staff page."
            ) from None
        default = published.newest.default_language
        return survey, wording(published.newest.title, default, default)

    def _own_task(self, request: Request, visit: Visit) -> Import | None:
        task = self._tasks.find(request.path_params["task"])
        if task is None or task.survey != request.path_params["survey"]:
            return None
        if task.who != visit.member.id:
            raise TurnedAway(
                403, "That import is somebody else’s", f"It is {task.name}’s. Each person settles their own."
            )
        return task

    def _refuse_while_busy(self, visit: Visit) -> None:
        """One file at a time: looking over and writing take the machine's time from residents' texts."""
        busy = self._tasks.at_work()
        if busy is None or (busy.who == visit.member.id and busy.stage is not Stage.WRITING):
            return
        who = "Your last file" if busy.who == visit.member.id else f"A file of {busy.name}"
        raise TurnedAway(
            409, "Another file is being imported", f"{who} is on its way in. Wait until it is done, then send yours."
        )


def _map_in(upload: Upload) -> str:
    """Read the map that came with a file; empty where none did. Raises TurnedAway."""
    files = upload.files.get("map")
    if not files:
        return ""
    content = files[0].read_bytes()
    for each in files:
        each.unlink()
    try:
        return _short_enough(content.decode("utf-8-sig"))
    except UnicodeError:
        raise TurnedAway(
            400, "The map is not in UTF-8", "Nothing was kept. Save it as a text file in UTF-8, and send both again."
        ) from None


def _saved(task: Import, map_text: str) -> Response:
    name = f"{re.sub(r'[^A-Za-z0-9._-]', '_', task.survey)}-web-form.toml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(map_text, headers=headers, media_type="application/toml")


def _short_enough(text: str) -> str:
    if len(text) > MOST_MAP:
        raise TurnedAway(413, "That map is too long", "A map is a short text. Was another file chosen for it?")
    return text.replace("\r\n", "\n")


def _states_in(report: Report | None) -> list[str]:
    """List what became of any question, in the order of the report."""
    questions = report.questions.values() if report is not None else ()
    return [state for state in STATES if any(each.states[state] for each in questions)]


def _page_of(survey: str) -> str:
    return PAGE.format(survey=quote(survey, safe=""))


def _to(task: Import) -> Response:
    return RedirectResponse(f"{_page_of(task.survey)}/{task.id}", 303)
