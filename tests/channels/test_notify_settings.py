"""The settings of GOV.UK Notify: a whole block turns the channel on, half a block is named, nothing is shown."""

from pathlib import Path

import pytest

from bot.cli.channels import Providers, providers_of
from bot.settings import SettingsProblem, load
from tests.fakes.notify import API_KEY, CALLBACK_TOKEN, SERVICE_ID, TEMPLATE_ID

WHOLE = {"notify_api_key": API_KEY, "notify_callback_token": CALLBACK_TOKEN}


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run where no `.env` of a developer's lies."""
    monkeypatch.chdir(tmp_path)


def test_key_and_token_turn_the_channel_on() -> None:
    providers = providers_of(load(**WHOLE))
    assert list(providers.channels) == ["notify"]
    assert providers.senders == {"notify": SERVICE_ID}


def test_notify_stands_beside_twilio() -> None:
    twilio = {"twilio_account_sid": f"AC{'0' * 32}", "twilio_auth_token": "t", "twilio_sms_from": "+447700900999"}
    providers = providers_of(load(**WHOLE, **twilio, public_base_url="https://bot.example"))
    assert list(providers.channels) == list(providers.senders) == ["sms", "notify"]


def test_without_settings_no_channel_is_on() -> None:
    assert providers_of(load()) == Providers()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        pytest.param({"notify_api_key": API_KEY}, "NOTIFY_CALLBACK_TOKEN is missing", id="a key alone"),
        pytest.param({"notify_callback_token": CALLBACK_TOKEN}, "NOTIFY_API_KEY is missing", id="a token alone"),
        pytest.param(
            {"notify_template_id": TEMPLATE_ID}, "NOTIFY_API_KEY and NOTIFY_CALLBACK_TOKEN are", id="a template alone"
        ),
        pytest.param(WHOLE | {"notify_api_key": API_KEY[:-1]}, "NOTIFY_API_KEY", id="a key cut short"),
        pytest.param(WHOLE | {"notify_api_key": "made_up_key"}, "NOTIFY_API_KEY", id="the name of a key alone"),
        pytest.param(WHOLE | {"notify_callback_token": "short"}, "NOTIFY_CALLBACK_TOKEN", id="a token too short"),
        pytest.param(WHOLE | {"notify_callback_token": "two words of it"}, "NOTIFY_CALLBACK_TOKEN", id="with spaces"),
        pytest.param(WHOLE | {"notify_template_id": "any text"}, "NOTIFY_TEMPLATE_ID", id="a template's name"),
    ],
)
def test_a_wrong_or_missing_setting_is_named_and_no_value_shown(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsProblem) as problem:
        load(**given)
    assert named in str(problem.value)
    assert not [value for value in given.values() if value in str(problem.value)]
