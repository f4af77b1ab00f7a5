"""The signature check, held against Twilio's own vectors and against the validator of its package."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from channels.base import Refused, Request
from channels.twilio import Form, SignatureCheck, read_form
from tests.channels.provider_data import cases

TOKEN = "12345"
FORM = "application/x-www-form-urlencoded; charset=UTF-8"

# Two cases where Twilio's seven libraries differ among themselves; we are as strict as the Python one.
NOT_FOR_PYTHON = {"query-special-chars", "creds-upper-case-scheme"}


def request(path: str, body: bytes, signature: str | None, content_type: str = FORM) -> Request:
    headers = {"content-type": content_type}
    if signature is not None:
        headers["x-twilio-signature"] = signature
    return Request(path, headers, body, at=0)


def signed(path: str, fields: Mapping[str, str], token: str = TOKEN, base: str = "https://bot.example") -> Request:
    signature = RequestValidator(token).compute_signature(base + path, dict(fields))
    return request(path, urlencode(fields).encode(), signature)


def status_of(check: SignatureCheck, asked: Request) -> int:
    try:
        check.read(asked)
    except Refused as refusal:
        return refusal.status
    return 200


@pytest.mark.parametrize("vector", cases("twilio_signature_vectors.json", "vectors"))
def test_twilios_own_vectors_are_believed_or_refused(vector: dict[str, Any]) -> None:
    address = urlsplit(vector["url"])
    base = vector["url"][: vector["url"].index(address.netloc) + len(address.netloc)]
    path = vector["url"].removeprefix(base)
    if "raw_body" in vector:
        asked = request(path, vector["raw_body"].encode(), vector["signature"], "application/json")
        believed = 400  # believed, and then it is no form
    else:
        asked = request(path, urlencode(vector["params"], doseq=True).encode(), vector["signature"])
        believed = 200
    expected = believed if vector["valid"] and vector["id"] not in NOT_FOR_PYTHON else 403
    assert status_of(SignatureCheck(base, (vector["auth_token"],)), asked) == expected


@pytest.mark.parametrize("sample", cases("twilio_webhook_samples.json", "requests"))
def test_every_sample_request_is_believed_and_a_tampered_copy_refused(sample: dict[str, Any]) -> None:
    path = urlsplit(sample["url"]).path
    check = SignatureCheck("https://bot.example", (sample["auth_token"],))
    asked = request(path, urlencode(sample["params"]).encode(), sample["signature"])
    assert check.read(asked).fields == sample["params"]
    for tampered in (asked.body + b"&Extra=1", asked.body.replace(b"44770", b"44771"), b""):
        assert status_of(check, request(path, tampered, sample["signature"])) == 403


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
fields_of_any_kind = st.dictionaries(texts.filter(bool), texts, max_size=8)


@given(fields_of_any_kind, st.sampled_from(["https", "http"]), st.sampled_from(["", ":8443"]), st.booleans())
def test_the_check_agrees_with_twilios_validator(fields: dict[str, str], scheme: str, port: str, spoil: bool) -> None:
    base, path = f"{scheme}://bot.example{port}", "/channels/sms?o=1"
    validator = RequestValidator(TOKEN)
    signature = validator.compute_signature(base + path, fields)
    body = urlencode(fields)
    received = dict(parse_qsl(body + ("&Body=forged" if spoil else ""), keep_blank_values=True))
    asked = request(path, urlencode(received).encode(), signature)
    assert (status_of(SignatureCheck(base, (TOKEN,)), asked) == 200) == validator.validate(
        base + path, received, signature
    )


@given(st.lists(st.tuples(st.sampled_from("AB"), texts), max_size=5))
def test_repeated_fields_are_signed_as_twilio_signs_them(pairs: list[tuple[str, str]]) -> None:
    class MultiDict(dict[str, str]):
        def getlist(self, name: str) -> list[str]:
            return [value for key, value in pairs if key == name]

    signature = RequestValidator(TOKEN).compute_signature("https://bot.example/", MultiDict(pairs))
    asked = request("/", urlencode(pairs).encode(), signature)
    assert status_of(SignatureCheck("https://bot.example", (TOKEN,)), asked) == 200


def every_pair(body: str) -> dict[str, list[str]]:
    """Give each field's values as a form is read, in the order in which they came."""
    form = read_form(body.encode())
    return {key: list(form.repeated.get(key, (value,))) for key, value in form.fields.items()}


def by_field(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Put the values of each field together."""
    values: dict[str, list[str]] = {}
    for key, value in pairs:
        values.setdefault(key, []).append(value)
    return values


def standard_pairs(body: str) -> list[tuple[str, str]]:
    return parse_qsl(body, keep_blank_values=True, encoding="utf-8", errors="surrogateescape")


PIECES = ["%", "%2", "2B", "%2B", "%2b", "%252B", "%26", "%3D", "+", "=", "&", "B", "é"]
BODIES = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.lists(st.sampled_from(PIECES)).map("".join)
WORDS = st.lists(st.sampled_from(["+", "%", "2B", "%2B", "&", "=", " ", "é", "A"]), max_size=4).map("".join)


@given(BODIES)
def test_a_form_is_read_as_the_standard_library_reads_it(body: str) -> None:
    assert list(every_pair(body).items()) == list(by_field(standard_pairs(body)).items())


@given(st.lists(st.tuples(WORDS, WORDS), max_size=4), st.sampled_from([quote, quote_plus]), st.booleans())
def test_what_is_written_into_a_form_is_read_out_of_it(
    pairs: list[tuple[str, str]], write: Callable[..., str], is_lower: bool
) -> None:
    body = "&".join("=".join(write(part, safe="") for part in pair) for pair in pairs)
    body = body.replace("%2B", "%2b") if is_lower else body
    assert standard_pairs(body) == pairs
    assert every_pair(body) == by_field(pairs)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        pytest.param("From=%2B447700900123", {"From": "+447700900123"}, id="the plus of a number"),
        pytest.param("From=%2b447700900123", {"From": "+447700900123"}, id="in a lower-case escape"),
        pytest.param("a%2Bb=1", {"a+b": "1"}, id="in a name"),
        pytest.param("Body=a+b%2B+c", {"Body": "a b+ c"}, id="a plus is a space, an escaped one a plus"),
        pytest.param("Body=%252B", {"Body": "%2B"}, id="an escaped escape is no plus"),
        pytest.param("Body=100%&B=%2B", {"Body": "100%", "B": "+"}, id="a percent sign alone stays"),
        pytest.param("Body=%2%2B", {"Body": "%2+"}, id="half an escape before a plus stays"),
        pytest.param("Body=50%+off", {"Body": "50% off"}, id="a percent sign before a space stays"),
        pytest.param("Body=%2B%C3%A9%2B", {"Body": "+é+"}, id="beside another escape"),
    ],
)
def test_a_plus_sign_comes_out_as_it_was_typed(body: str, fields: dict[str, str]) -> None:
    assert read_form(body.encode()).fields == fields


@given(st.binary(max_size=60), st.text(max_size=40), st.text(max_size=30), st.text(max_size=40))
def test_no_strange_bytes_raise_anything_but_a_refusal(body: bytes, path: str, signature: str, kind: str) -> None:
    assert status_of(SignatureCheck("https://bot.example", (TOKEN,)), request(path, body, signature, kind)) == 403


def test_a_request_without_a_signature_is_refused() -> None:
    assert status_of(SignatureCheck("https://bot.example", (TOKEN,)), request("/", b"A=1", None)) == 403


@pytest.mark.parametrize("tokens", [(), ("",), ("", "")], ids=["none", "blank", "both blank"])
def test_without_a_token_every_request_is_refused(tokens: tuple[str, ...]) -> None:
    forged = signed("/", {"A": "1"}, token="")
    assert status_of(SignatureCheck("https://bot.example", tokens), forged) == 403


def test_either_token_is_believed_while_tokens_are_rotated() -> None:
    check = SignatureCheck("https://bot.example", ("new", "old"))
    assert [status_of(check, signed("/", {"A": "1"}, token=token)) for token in ("new", "old", "older")] == [
        200,
        200,
        403,
    ]


def test_the_host_header_is_not_trusted() -> None:
    elsewhere = signed("/", {"A": "1"}, base="https://evil.example")
    asked = Request("/", {**elsewhere.headers, "host": "evil.example"}, elsewhere.body, at=0)
    assert status_of(SignatureCheck("https://bot.example", (TOKEN,)), asked) == 403


def test_a_slash_after_the_public_address_does_not_matter() -> None:
    assert status_of(SignatureCheck("https://bot.example/", (TOKEN,)), signed("/channels/sms", {"A": "1"})) == 200


def test_a_believed_form_that_is_not_utf_8_cannot_be_read() -> None:
    signature = base64.b64encode(hmac.digest(TOKEN.encode(), b"https://bot.example/Body\xff\xfe", "sha1")).decode()
    for body in (b"Body=%ff%fe", b"Body=\xff\xfe"):
        assert status_of(SignatureCheck("https://bot.example", (TOKEN,)), request("/", body, signature)) == 400


def test_a_json_body_whose_hash_was_signed_for_another_body_is_refused() -> None:
    path = "/?bodySHA256=" + hashlib.sha256(b"{}").hexdigest()
    signature = RequestValidator(TOKEN).compute_signature("https://bot.example" + path, {})
    check = SignatureCheck("https://bot.example", (TOKEN,))
    assert status_of(check, request(path, b"{}", signature, "application/json")) == 400
    assert status_of(check, request(path, b'{"a": 1}', signature, "application/json")) == 403


def test_how_long_a_body_may_be_is_for_the_web_layer_to_say() -> None:
    assert status_of(SignatureCheck("https://bot.example", (TOKEN,)), signed("/", {"A": "x" * 100_000})) == 200


def test_a_field_given_twice_with_different_values_is_refused_where_it_is_acted_upon() -> None:
    form = read_form(b"From=1&From=2&Other=1&Other=2&Same=1&Same=1")
    form.refuse_contradictions(frozenset(("Same", "To")))
    with pytest.raises(Refused, match="From more than once") as refusal:
        form.refuse_contradictions(frozenset(("From",)))
    assert refusal.value.status == 400


def test_a_missing_or_blank_field_is_named() -> None:
    with pytest.raises(Refused, match="the form has no From"):
        Form({"MessageSid": "SM1", "From": ""}, {}).need("MessageSid", "From")


def test_a_percent_sign_in_a_path_is_signed_as_it_came() -> None:
    path = "/channels/" + quote("sms é")
    assert status_of(SignatureCheck("https://bot.example", (TOKEN,)), signed(path, {"A": "1"})) == 200
