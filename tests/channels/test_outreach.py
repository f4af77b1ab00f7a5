import pytest
from phonenumbers import PhoneNumberType

from channels.outreach import refuse_for_outreach
from tests.channels.provider_data import example_number


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("+447700900000", id="the first drama number"),
        pytest.param("+447700900999", id="the last drama number"),
        pytest.param(example_number("GB", PhoneNumberType.MOBILE), id="a mobile"),
    ],
)
def test_a_uk_mobile_may_be_written_to(address: str) -> None:
    assert refuse_for_outreach(address) is None


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        pytest.param(example_number("GB", PhoneNumberType.FIXED_LINE), "not a mobile", id="a landline"),
        pytest.param(example_number("GB", PhoneNumberType.TOLL_FREE), "not a mobile", id="a freephone number"),
        pytest.param(example_number("GB", PhoneNumberType.PERSONAL_NUMBER), "personal number", id="a personal number"),
        pytest.param(example_number("GB", PhoneNumberType.PAGER), "pager", id="a pager"),
        pytest.param(example_number("JE", PhoneNumberType.MOBILE), "Jersey", id="a Jersey mobile"),
        pytest.param(example_number("GG", PhoneNumberType.MOBILE), "Guernsey", id="a Guernsey mobile"),
        pytest.param(example_number("PL", PhoneNumberType.MOBILE), "not a United Kingdom number", id="a Polish mobile"),
        pytest.param("+4477009001234", "not a number that exists", id="a digit too many"),
        pytest.param("07700900123", "write it as +44", id="as dialled at home"),
        pytest.param("StokeCC", "not a full phone number", id="a name"),
        pytest.param("60777", "not a full phone number", id="a short code"),
        pytest.param("", "not a full phone number", id="nothing"),
    ],
)
def test_an_address_is_refused_and_the_reason_says_why(address: str, reason: str) -> None:
    assert reason in (refuse_for_outreach(address) or "")
