"""LINK: what a resident is told, and what is left to the service, which alone knows the codes."""

import pytest

from bot.core.effects import Filed, Linking
from tests.playing import resident

CODE = "BCDF2345"

REFUSED = "Sorry, that code cannot be used here. A code from our web page works only there."


@pytest.mark.parametrize("before", [[], ["STOKE"]], ids=["nobody we know", "somebody who answers"])
def test_link_gives_out_a_code(before: list[str]) -> None:
    phone = resident()
    for text in before:
        phone.text(text)
    assert f"send LINK {CODE} from there within 10 minutes" in phone.text("LINK", new_code=CODE)
    assert (phone.outcomes[-1].linking, phone.outcomes[-1].filed) == (Linking.OFFERS, Filed.COMMAND)


@pytest.mark.parametrize("before", [[], ["STOKE"]], ids=["nobody we know", "somebody who answers"])
@pytest.mark.parametrize(
    ("is_led", "linking", "said"),
    [(True, Linking.JOINS, "Done."), (False, Linking.NOTHING, REFUSED)],
    ids=["a code that leads to a phone", "any other"],
)
def test_a_code_joins_or_is_refused_without_a_reason(
    before: list[str], is_led: bool, linking: Linking, said: str
) -> None:
    phone = resident()
    for text in before:
        phone.text(text)
    assert phone.text(f"LINK {CODE}", is_led=is_led).startswith(said)
    assert (phone.outcomes[-1].linking, phone.outcomes[-1].filed) == (linking, Filed.COMMAND)


def test_link_puts_the_standing_question_again() -> None:
    phone = resident()
    phone.text("STOKE")
    assert "\n1/8 You are answering as:" in phone.text("LINK", new_code=CODE)
