"""What came with WhatsApp messages, as the fake Twilio keeps it: a list for each message, and a store elsewhere."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from aiohttp import web

from tests.fakes.twilio_messages import ApiError, new_sid

MEDIA = "/2010-04-01/Accounts/{account}/Messages/{sid}/Media"
PATHS = (f"{MEDIA}.json", f"{MEDIA}/{{media}}", "/elsewhere/{media}")


@dataclass
class Medium:
    """One file."""

    message_sid: str
    media_type: str
    content: bytes
    sid: str = field(default_factory=lambda: new_sid("ME"))
    was_downloaded: bool = False


@dataclass
class MediaStore:
    """Every file, oldest first. `complaints` names those that were deleted before anybody had them whole."""

    kept: list[Medium] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    refuses_to_delete: bool = False

    def answer(self, request: web.Request, account_sid: str) -> web.Response:
        """List a message's files, delete one, or send on to where one lies: on another host, as Twilio does."""
        message, wanted = request.match_info["sid"], request.match_info.get("media")
        if wanted is None:
            found = [one for one in self.kept if one.message_sid == message]
            here = urlsplit(str(request.url)).path
            rows = [
                {
                    "sid": one.sid,
                    "account_sid": account_sid,
                    "parent_sid": message,
                    "content_type": one.media_type,
                    "uri": f"{here.removesuffix('.json')}/{one.sid}.json",
                }
                for one in found
            ]
            return web.json_response({"media_list": rows, "uri": here, "page": 0, "page_size": 50})
        if request.method == "DELETE":
            return self._delete(wanted.removesuffix(".json"), message)
        self._find(wanted)
        raise web.HTTPTemporaryRedirect(f"http://localhost:{request.url.port}/elsewhere/{wanted}")

    def download(self, request: web.Request) -> web.Response:
        """Give a file's bytes to whoever has its address; a password does not belong there."""
        if "Authorization" in request.headers:
            raise ApiError(400, 20001)
        found = self._find(request.match_info["media"])
        found.was_downloaded = True
        return web.Response(body=found.content, content_type=found.media_type)

    def _delete(self, sid: str, message_sid: str) -> web.Response:
        found = self._find(sid)
        if self.refuses_to_delete:
            raise ApiError(403, 20403)
        if found.message_sid != message_sid:
            raise ApiError(404, 20404)
        if not found.was_downloaded:
            self.complaints.append(f"{sid} was deleted before it was downloaded")
        self.kept.remove(found)
        return web.Response(status=204)

    def _find(self, sid: str) -> Medium:
        found = next((one for one in self.kept if one.sid == sid), None)
        if found is None:
            raise ApiError(404, 20404)
        return found
