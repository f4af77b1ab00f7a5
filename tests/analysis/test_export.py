"""The merged export: golden files, states, statuses, labels, what is marked or left out, and the codebook."""

import codecs
import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.analysis.columns import FIXED
from bot.analysis.export import Format
from bot.analysis.formats.asked import ExportRefused
from bot.analysis.long import LONG
from bot.core.survey import Role
from storage.script import Database
from tests.analysis.filling import (
    AGREE,
    BEGAN,
    DAY,
    MINUTE,
    NOW,
    STOKE,
    Answer,
    Response,
    ask,
    exported,
    keep,
    publish,
    rows_of,
    version,
)

PARVEEN = Response(
    "aa01",
    campaign="mosque",
    completed=BEGAN + 6 * MINUTE,
    heard=BEGAN + 6 * MINUTE,
    core=(3, 3),
    answers=[
        Answer("safe", "2", "neither", at=BEGAN + MINUTE),
        Answer("safe", "disagree", "disagree", revision=2, at=BEGAN + 5 * MINUTE),
        Answer("needs", "3 and 1", "parks", item="parks", at=BEGAN + 2 * MINUTE),
        Answer("needs", "3 and 1", "lights", item="lights", at=BEGAN + 2 * MINUTE),
        Answer("why", 'Too dark, "really". Ring 07700 900123', at=BEGAN + 3 * MINUTE),
        Answer("age", "34", number=34.0, at=BEGAN + 4 * MINUTE),
        Answer("faith", None, state="skipped", at=BEGAN + 6 * MINUTE),
        Answer("updates", "1", "agree", at=BEGAN + 6 * MINUTE),
    ],
)
ADAM = Response(
    "bb02",
    source="whatsapp",
    language=("detected", 0.97),
    began=BEGAN + 90 * MINUTE,
    answers=[
        Answer("safe", "dunno", state="unparsed", at=BEGAN + 91 * MINUTE, channel="whatsapp"),
        Answer("why", "=1+1", at=BEGAN + 92 * MINUTE, channel="whatsapp"),
        Answer("age", "-5", number=-5.0, at=BEGAN + 93 * MINUTE, channel="whatsapp"),
    ],
)

WIDE = """\
{fixed},safe,safe__state,needs,needs/lights,needs/buses,needs/parks,needs__state,why,why__state,age,age__state,\
faith,faith__state
aa01,stoke,1,sms,sms,mosque,en,default,complete,2026-11-22T19:04Z,2026-11-22T19:10Z,2026-11-22T19:10Z,0,,1,0,,\
disagree,answered,lights parks,1,0,1,answered,"Too dark, ""really"". Ring [phone]",answered,34,answered,,skipped
bb02,stoke,1,whatsapp,whatsapp,,en,detected,partial,2026-11-22T20:34Z,2026-11-22T20:37Z,,0,,1,0,,\
,unparsed,,,,,not_reached,'=1+1,answered,-5,answered,,not_applicable
"""

LONG_FORM = """\
{long}
aa01,stoke,1,sms,sms,safe,answered,disagree,"disagree",en,default,1,typed,\
exact,0.95,sms,2,2026-11-22T19:08Z,2026-11-22T19:09Z,0
aa01,stoke,1,sms,sms,needs,answered,lights,"3 and 1",en,default,1,typed,\
exact,0.95,sms,1,2026-11-22T19:05Z,2026-11-22T19:06Z,0
aa01,stoke,1,sms,sms,needs,answered,parks,"3 and 1",en,default,1,typed,\
exact,0.95,sms,1,2026-11-22T19:05Z,2026-11-22T19:06Z,0
aa01,stoke,1,sms,sms,why,answered,"Too dark, ""really"". Ring [phone]","Too dark, ""really"". Ring [phone]",\
en,default,1,typed,exact,0.95,sms,1,2026-11-22T19:06Z,2026-11-22T19:07Z,0
aa01,stoke,1,sms,sms,age,answered,34,"34",en,default,1,typed,exact,0.95,sms,1,2026-11-22T19:07Z,2026-11-22T19:08Z,0
aa01,stoke,1,sms,sms,faith,skipped,,,en,default,1,typed,exact,0.95,sms,1,2026-11-22T19:09Z,2026-11-22T19:10Z,0
bb02,stoke,1,whatsapp,whatsapp,safe,unparsed,,"dunno",en,detected,0.97,typed,\
exact,0.95,sms,1,2026-11-22T20:34Z,2026-11-22T20:35Z,0
bb02,stoke,1,whatsapp,whatsapp,why,answered,"'=1+1","'=1+1",en,detected,0.97,typed,exact,0.95,sms,1,2026-11-22T20:35Z,\
2026-11-22T20:36Z,0
bb02,stoke,1,whatsapp,whatsapp,age,answered,-5,"'-5",en,detected,0.97,typed,\
exact,0.95,sms,1,2026-11-22T20:36Z,2026-11-22T20:37Z,0
"""


def crlf(text: str) -> bytes:
    return b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()


async def test_the_wide_form_is_one_row_per_response(database: Database, tmp_path: Path) -> None:
    await database.run(publish(STOKE))
    await database.run(keep(ADAM, PARVEEN))
    out = tmp_path / "wide.csv"
    done = await exported(database, out)
    expected = csv.reader(io.StringIO(WIDE.format(fixed=",".join(FIXED))))
    assert [list(row.values()) for row in rows_of(out)] == list(expected)[1:]
    written = out.read_bytes()
    assert written.startswith(codecs.BOM_UTF8 + b'"response_id","survey",')
    assert written.count(b"\r\n") == written.count(b"\n") == 3
    assert b',0,"",1,0,"","disagree","answered","lights parks",1,0,1,"answered",' in written, "texts are quoted, all"
    assert (done.rows, done.columns, done.path) == (2, len(FIXED) + 13, out)


async def test_the_long_form_is_one_row_per_answer(database: Database, tmp_path: Path) -> None:
    await database.run(publish(STOKE))
    await database.run(keep(ADAM, PARVEEN))
    out = tmp_path / "long.csv"
    done = await exported(database, out, Format.LONG_CSV)
    assert out.read_bytes() == crlf(LONG_FORM.format(long=",".join(LONG)))
    assert (done.rows, done.columns) == (9, len(LONG))


async def test_json_lines_have_the_same_names_and_verbatim_values(database: Database, tmp_path: Path) -> None:
    await database.run(publish(STOKE))
    await database.run(keep(ADAM, PARVEEN))
    await exported(database, tmp_path / "wide.csv")
    await exported(database, tmp_path / "all.jsonl", Format.JSONL)
    parveen, adam = map(json.loads, (tmp_path / "all.jsonl").read_text("utf-8").splitlines())
    assert [*parveen] == [*rows_of(tmp_path / "wide.csv")[0]]
    assert (parveen["needs"], parveen["needs/lights"], parveen["needs/buses"]) == ("lights parks", 1, 0)
    assert (parveen["age"], parveen["campaign"], adam["campaign"], adam["needs/lights"]) == (34, "mosque", None, None)
    assert (adam["why"], adam["age"]) == ("=1+1", -5)


@pytest.mark.parametrize("format", Format)
async def test_the_same_export_twice_is_the_same_bytes(database: Database, tmp_path: Path, format: Format) -> None:
    await database.run(publish(STOKE))
    await database.run(keep(ADAM, PARVEEN, Response("cc03"), Response("cc02")))
    ending = ".zip" if format.is_folder else ""
    await exported(database, tmp_path / f"one{ending}", format)
    await exported(database, tmp_path / f"two{ending}", format)
    assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"two{ending}").read_bytes()


SILENT = BEGAN + 30 * DAY


@pytest.mark.parametrize(
    ("response", "closes", "now", "status"),
    [
        pytest.param(Response("r", completed=BEGAN), "", NOW, "complete", id="the last question was passed"),
        pytest.param(Response("r", completed=BEGAN, stopped=NOW), "", NOW, "complete", id="STOP after completion"),
        pytest.param(Response("r", stopped=NOW), "", SILENT, "stopped", id="STOP before it"),
        pytest.param(Response("r"), "", SILENT - 1, "partial", id="under half, not yet silent for 30 days"),
        pytest.param(Response("r"), "", SILENT, "breakoff", id="under half and silent for 30 days"),
        pytest.param(Response("r", heard=BEGAN + DAY), "", SILENT, "partial", id="heard from since"),
        pytest.param(Response("r", core=(2, 4)), "", SILENT, "partial", id="half answered and silent"),
        pytest.param(Response("r"), "2026-11-22", NOW, "breakoff", id="under half at close"),
        pytest.param(Response("r", core=(2, 3)), "2026-11-22", NOW, "partial", id="over half at close"),
        pytest.param(Response("r", core=(0, 0)), "2026-11-22", NOW, "breakoff", id="nothing answered at close"),
    ],
)
async def test_a_response_has_the_status_of_how_far_it_came(
    database: Database, tmp_path: Path, response: Response, closes: str, now: int, status: str
) -> None:
    await database.run(publish(version("1", *STOKE.questions, closes=closes)))
    await database.run(keep(response))
    await exported(database, tmp_path / "o.csv", now=now)
    assert rows_of(tmp_path / "o.csv")[0]["status"] == status


async def test_every_question_without_an_answer_says_why(database: Database, tmp_path: Path) -> None:
    newer = version("2", *STOKE.questions, ask("new", choices=AGREE))
    await database.run(publish(STOKE, newer))
    await database.run(
        keep(
            Response("a1"),
            Response("a2", version="2", source="telegram"),
            Response("a3", version="2", completed=NOW),
            Response("a4", version="2", answers=[Answer("safe", "1", "agree", state="not_applicable", version="2")]),
        )
    )
    await exported(database, tmp_path / "o.csv")
    states = [(r["safe__state"], r["faith__state"], r["new__state"]) for r in rows_of(tmp_path / "o.csv")]
    assert states == [
        ("not_reached", "not_reached", "not_in_version"),
        ("not_reached", "not_applicable", "not_reached"),
        ("not_applicable", "not_applicable", "not_applicable"),
        ("not_applicable", "not_reached", "not_reached"),
    ]
    assert [r["safe"] for r in rows_of(tmp_path / "o.csv")] == ["", "", "", ""]


async def test_labels_stand_in_place_of_codes_when_asked_for(database: Database, tmp_path: Path) -> None:
    await database.run(publish(STOKE))
    await database.run(keep(PARVEEN, Response("zz", began=NOW, answers=[Answer("safe", "1", "agree")])))
    await exported(database, tmp_path / "o.csv", labels="ur")
    await exported(database, tmp_path / "l.csv", Format.LONG_CSV, labels="ur")
    parveen, other = rows_of(tmp_path / "o.csv")
    assert (parveen["safe"], parveen["needs"], parveen["needs/lights"]) == ("Disagree", "More lights; Parks", "1")
    assert other["safe"] == "متفق"
    assert [r["value"] for r in rows_of(tmp_path / "l.csv")][:3] == ["Disagree", "More lights", "Parks"]
    by_code = (tmp_path / "o.csv").read_bytes()
    for name in ("Urdu", "اردو", "UR"):
        await exported(database, tmp_path / "o.csv", labels=name)
        assert (tmp_path / "o.csv").read_bytes() == by_code
    for wrong in ("pl", "Roman Urdu", ""):
        with pytest.raises(ExportRefused, match=rf"no language '{wrong}'.*en \(English\), ur \(Urdu\)\."):
            await exported(database, tmp_path / "o.csv", labels=wrong)


async def test_the_most_complete_response_of_a_person_is_primary(database: Database, tmp_path: Path) -> None:
    await database.run(publish(STOKE))
    await database.run(
        keep(
            Response("a1", respondent="p", core=(2, 3)),
            Response("a2", respondent="p", core=(3, 3), completed=NOW, began=BEGAN + 1),
            Response("a3", respondent="p", core=(3, 3), began=BEGAN + 2),
            Response("a4", respondent="q", began=BEGAN + 3),
            Response("a5", respondent="q", began=BEGAN + 4),
            Response("a6", respondent="s", began=BEGAN + 5),
            Response("a7", respondent="s", began=BEGAN + 6, test=True),
        )
    )
    await exported(database, tmp_path / "o.csv")
    assert [(r["duplicate_group"], r["is_primary"]) for r in rows_of(tmp_path / "o.csv")] == [
        *(("a1", "0"), ("a1", "1"), ("a1", "0")),
        *(("a4", "0"), ("a4", "1")),
        ("", "1"),
    ]


async def test_trials_are_exported_only_where_asked_for(database: Database, tmp_path: Path) -> None:
    await database.run(publish(STOKE))
    await database.run(keep(Response("real"), Response("trial", test=True, answers=[Answer("safe", "1", "agree")])))
    for format in (Format.CSV, Format.LONG_CSV, Format.JSONL):
        await exported(database, tmp_path / "o", format)
        assert "trial" not in (tmp_path / "o").read_text()
        await exported(database, tmp_path / "o", format, include_test=True)
        assert "trial" in (tmp_path / "o").read_text()


async def test_careless_answers_are_marked_and_kept(database: Database, tmp_path: Path) -> None:
    await database.run(
        publish(
            version("0", *(ask(f"q{n}", choices=AGREE, role=Role.DEMOGRAPHIC) for n in range(5))),
            version("1", *(ask(f"q{n}", choices=AGREE) for n in range(5))),
        )
    )
    quick = [Answer(f"q{n}", "1", "agree", at=BEGAN + 500 * n) for n in range(5)]
    on_paper = [Answer(f"q{n}", "1", "agree", at=BEGAN + 500 * n, input="assisted") for n in range(4)]
    about_them = [replace(each, at=BEGAN + 5000 * n) for n, each in enumerate(quick)]
    refusing = [replace(each, code="neither", state="refused") for each in about_them]
    await database.run(
        keep(
            Response("a1", answers=quick, late=True),
            Response("a2", answers=on_paper),
            Response("a3", answers=about_them, version="0"),
            Response("a4", answers=refusing),
        )
    )
    await exported(database, tmp_path / "o.csv")
    assert [(r["quality"], r["late"]) for r in rows_of(tmp_path / "o.csv")] == [
        ("straightline too_fast", "1"),
        *[("", "0")] * 3,
    ]


async def test_the_codebook_explains_every_column_and_code(database: Database, tmp_path: Path) -> None:
    reworded = [
        ask(q.name, q.type, choices=q.choices, label={"en": "Anew?"}) if q.name == "why" else q for q in STOKE.questions
    ]
    await database.run(publish(STOKE, version("2", *reworded)))
    await database.run(keep(PARVEEN))
    await exported(database, tmp_path / "wide.csv")
    await exported(database, tmp_path / "codebook.csv", Format.CODEBOOK)
    book = rows_of(tmp_path / "codebook.csv")
    assert {*rows_of(tmp_path / "wide.csv")[0]} <= {row["variable"] for row in book}
    why = [(r["first_version"], r["last_version"], r["wording::en"]) for r in book if r["variable"] == "why"]
    assert why == [("1", "1", "What about why?"), ("2", "2", "Anew?")]
    [agree] = [row for row in book if (row["variable"], row["code"]) == ("safe", "agree")]
    assert (agree["wording::en"], agree["wording::ur"], agree["last_version"]) == ("Agree", "متفق", "2")
    assert {r["code"] for r in book if r["variable"] == "*__state"} >= {"answered", "not_in_version"}
    assert all(row["note"] for row in book if row["kind"] == "fixed")
