"""Organised letters are found, all of them and nothing else."""

import random

import pytest

from bot.analysis.merging.letters import FEWEST_SENDERS, LEAST_WORDS, find_letters, words_of
from tests.analysis.merging.letters_scene import LETTER, OTHER_LETTER, SHORT, THIRD_LETTER, letter, sent_on, town

TWELVE = "these are the twelve words that make an answer long enough here"


def groups(*said: str, compare: bool = True) -> list[list[str]]:
    found = find_letters([letter(f"r{place}", each) for place, each in enumerate(said)], compare=compare)
    return [[each.response for each in sent.letters] for sent in found]


def test_of_thousands_of_texts_the_organised_letters_are_found_and_nothing_else() -> None:
    chance = random.Random(1)
    planted = {
        name: [letter(f"{name}{number:03}", sent_on(text, chance)) for number in range(many)]
        for name, text, many in (("a", LETTER, 90), ("b", OTHER_LETTER, 25), ("c", THIRD_LETTER, FEWEST_SENDERS))
    }
    letters = [*town(chance, 2500), *(each for group in planted.values() for each in group)]
    chance.shuffle(letters)
    found = find_letters(letters, compare=True)
    assert [[each.response for each in sent.letters] for sent in found] == [
        sorted(each.response for each in group) for group in planted.values()
    ]
    assert [sent.group for sent in found] == ["a000", "b000", "c000"]


def test_the_same_letters_in_another_order_give_the_same_groups() -> None:
    chance = random.Random(3)
    letters = [letter(f"r{number}", sent_on(LETTER, chance)) for number in range(40)]
    turned = find_letters(letters[::-1], compare=True)
    assert find_letters(letters, compare=True) == turned


def test_short_answers_are_what_people_think() -> None:
    assert groups(*(SHORT * 50)) == []
    assert len(words_of(TWELVE)) == LEAST_WORDS
    assert groups(*([TWELVE] * FEWEST_SENDERS)) == [["r0", "r1", "r2"]]
    assert groups(*([TWELVE.rpartition(" ")[0]] * FEWEST_SENDERS)) == []


@pytest.mark.parametrize("compare", [True, False], ids=["with the extra", "without the extra"])
def test_equal_letters_are_equal_whatever_their_capitals_and_commas(compare: bool) -> None:
    assert groups(LETTER, LETTER.upper(), LETTER.replace(",", " -"), compare=compare) == [["r0", "r1", "r2"]]


def test_without_the_extra_only_equal_letters_are_found() -> None:
    changed = LETTER.replace("Shelton", "Hanley"), LETTER.replace("loneliness", "misery")
    assert groups(LETTER, *changed, compare=False) == []
    assert groups(LETTER, *changed) == [["r0", "r1", "r2"]]


def test_one_person_and_a_couple_are_no_campaign() -> None:
    one_person = [letter(f"r{number}", LETTER, "p") for number in range(5)]
    couple = [letter("q1", OTHER_LETTER), letter("q2", OTHER_LETTER)]
    assert find_letters([*one_person, *couple], compare=True) == []
    assert len(find_letters([*one_person, letter("s", LETTER), letter("t", LETTER)], compare=True)) == 1


def test_a_letter_counts_whichever_question_it_was_put_under() -> None:
    letters = [letter("r1", LETTER), letter("r2", LETTER, question="else"), letter("r3", LETTER, question="other")]
    assert [len(sent.letters) for sent in find_letters(letters, compare=True)] == [3]
