"""The bot's own sentences. English stands here; other languages come from catalogues that are handed in.

Every English sentence is in GSM-7 letters, so that it does not make a message dearer. None but the opening's may hold
digit/digit, which is kept for "2/8".
"""

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import TypeAlias


class Phrase(StrEnum):
    """Each sentence by what it is for; the value is its English, which is also its key in a catalogue."""

    WHO_ASKS = "{organisation} asks for your views: {title}."
    WHAT_ABOUT = "Your views are asked for: {title}."
    QUESTIONS = "{count} questions."
    QUESTIONS_AND_MORE = "{count} questions, then {more} you can skip."
    ONE_QUESTION = "1 question."
    ONE_QUESTION_AND_MORE = "1 question, then {more} you can skip."
    UP_TO_QUESTIONS = "Up to {count} questions."
    MINIMUM_AGE = "For people aged {age} and over."
    TAKING_PART = "It is your choice to take part."
    COST = "Texts cost your usual rate."
    CARRIED = "{carrier}, who run this app, carry these messages too. SMS or phone is there instead: text HELP."
    NOT_EMERGENCY = "Not for emergencies: call 999."
    CHECK = "Check this is real, and privacy: {url}"
    HOW_TO_STOP = "Text STOP to end, HELP for help."
    OTHER_LANGUAGES = "{languages}? Text {keyword} and the language."
    CONFIRM_START = "Reply YES to start with question {place}."
    NOT_STARTED = "That is fine. Text YES if you want to start (question {place})."

    NOT_UNDERSTOOD = "Sorry, we did not understand that."
    REPLY_WITH_NUMBER = "Please reply with one number, {first} to {last}. Or text SKIP."
    CHOOSE_ONE = "Please choose one answer. Or text SKIP."
    OPEN_LIST = "Choose"
    REPLY_WITH_NUMBERS = "Please reply with numbers only, like 1 2. Or text SKIP."
    REPLY_WITH_AMOUNT = "Please reply with a number only, like 34. Or text SKIP."
    REPLY_WITH_DATE = "Please reply with a date, like 31 May 2024. Or text SKIP."
    SEVERAL_ANSWERS = 'We need just one answer. Did you mean "{first}" or "{second}"?'
    DID_YOU_MEAN = 'Did you mean "{first}" or "{second}"?'
    TOO_MANY = "That is more than {most}. Please choose up to {most}."
    NOT_LISTED = "That number is not in the list."
    DOES_NOT_FIT = "Sorry, that answer does not fit this question."
    LEFT_OPEN = "We have kept your words as you wrote them."
    STAYS = "Your earlier answer stays as it was."
    DELAYED = "An earlier text of yours reached us late. We have kept it."
    EDITED = "We saw that you changed an earlier message. That does not change an answer. Text CHANGE to change one."
    ADDED = "Thank you, we added that to your last answer."
    THAT_ANSWERED = "Thank you. That answered question {place}."

    HELLO = "Hello!"
    WELCOME = "You are welcome."
    WHO_WE_ARE = "This is {organisation}, asking for your views: {title}."
    WE_ARE = "This is {organisation}."
    CHECK_SHORT = "Check: {url}"
    ONLY_TEXT = "We can only read words here, sorry. Please type your answer."
    VOICE_KEPT = "Thank you. A person will listen and write it down. To go on now, type your answer, or text SKIP."
    VOICE_KEPT_AFTER = "Thank you. A person will listen to it."
    EMPTY_TEXT = "We got no words in your text."
    NO_PROBLEM = "No problem. Answer when you like, or text STOP to end."
    WRONG_NUMBER = "Sorry if we got the wrong number. Text STOP to end, and we will not text again."
    TO_STOP = "To end these texts, text STOP."
    KEYWORD_OR_ANSWER = (
        "{keyword} is also the word for a survey. If it is your answer, please send it once more. For the survey, "
        "text JOIN {keyword}."
    )
    LANGUAGE_OR_ANSWER = "We now write in {language}. If it is your answer, please send it once more."

    HELP = (
        "You can text SKIP, BACK, CHANGE 2 (answer question 2 again), MORE (to read), LANGUAGE, PRIVACY, "
        "MYDATA (what we keep), DELETE (remove it), NEW (someone else on this phone), LINK (another phone), STOP."
    )
    HELP_PERSON = "To speak to a person, or answer by phone or on paper: {contact}."
    HELP_WAYS = "Or use {ways}."
    HELP_WHEN_CLOSED = (
        "You can text MORE (to read), LANGUAGE, PRIVACY, MYDATA (what we keep), DELETE (remove it), "
        "LINK (another phone), STOP."
    )
    HELP_PERSON_WHEN_CLOSED = "To speak to a person: {contact}."
    NO_MORE = "There is no more to read here."
    MORE_AT = "Read more: {url}"
    FIRST_QUESTION = "This is the first question."
    NO_SUCH_QUESTION = "There is no question {number} to change yet."
    CHANGE_HOW = "To change an answer, text CHANGE and the question's number, like CHANGE 2."
    PRIVACY = (
        "Your answers are used for this survey only. Your number or account is kept apart from them and is never shown "
        "to those who read them. If you tell us that someone is in danger, we may need to tell someone else."
    )
    PRIVACY_AT = "Privacy: {url}"
    MY_DATA = "Kept from this chat: answers {answers}, texts in surveys {texts}, and any other text sent to us."
    MY_DATA_EMPTY = "Kept from this chat: no answers, only the texts sent to us."
    MY_DATA_ASK = "To see them or have them put right, ask {contact}."
    MY_DATA_DELETE = "Text DELETE to remove them."
    CONFIRM_DELETE = (
        "Remove every answer and text sent to us in this chat? Reply YES to remove them, NO to go on with question "
        "{place}."
    )
    CONFIRM_DELETE_AFTER = (
        "{place} Remove every answer and text sent to us in this chat? Reply YES to remove them, NO to keep them."
    )
    NOT_DELETED = "Nothing was removed."
    DELETED = "Done. We have removed every answer and text sent to us in this chat."
    NOTHING_TO_DELETE = "There are no answers from this chat. We have removed every text sent to us here."
    LINK_CODE = (
        "To join your other phone or app to this one, send LINK {code} from there within 10 minutes. STOP on one then "
        "stops both. Neither shows what you said on the other."
    )
    LINKED = (
        "Done. Your other phone or app is joined to this one: STOP on one now stops both. Neither shows what you said "
        "on the other."
    )
    NOT_LINKED = (
        "Sorry, that code cannot be used here. A code from our web page works only there. For a new one, text "
        "LINK from your other phone or app."
    )
    STOPPED = (
        "You will get no more texts from us. Your answers are kept. Text DELETE to remove them, START to come back."
    )
    STOPPED_EMPTY = "You will get no more texts from us. Text START to come back."
    BACK_AGAIN = "Welcome back."
    NEW_PERSON = "Hello! This starts a new set of answers. The earlier ones stay as they are."
    RETURNING = "It is over 30 days since the last text from this chat. Carry on with question {place}, or start new?"
    CARRY_ON = "Carry on"
    START_NEW = "Start new"

    OPENS_ON = "This survey opens on {date}. Please text {keyword} again then."
    CLOSED_ON = "This survey closed on {date}. Thank you for your interest."
    CLOSED = "This survey is closed. Thank you for your interest."
    CAMPAIGN_NOT_NOW = "This invitation is not open just now."
    CAMPAIGN_OVER = "This invitation is over."
    LATE = "This survey has closed. Your text came after that; we have kept it, marked as late."
    ALREADY_DONE = "You have answered this survey, thank you. To change an answer, text CHANGE and its number."
    THANK_YOU = "Thank you. That was the last question."
    CHANGED = "Thank you, your answer is changed."
    NEXT_STEPS = "The council will read what everyone said and report back."
    UNFINISHED = "You have not finished {title}. Text {keyword} to go on."

    TEXT_TO_START = "To take part, text one of these words:"
    ONE_TO_START = "To take part, text {keyword} ({title})."
    NOTHING_OPEN = "No survey is open here just now. Thank you for writing."
    LANGUAGE_NOW = "We now write in {language}. Text {back} to go back."
    WHICH_LANGUAGE = "Which language do you want for question {place}?"
    WHICH_LANGUAGE_AFTER = "{place} Which language do you want?"
    NOT_OFFERED = "Sorry, this survey is not in {language} yet. We have counted that you asked."
    ONE_LANGUAGE = "This survey is in {language} only for now, sorry."

    START_NOW = "Start now"
    CONTINUE = "Continue"
    SKIP_THIS = "Skip this question"
    GO_BACK = "Back"
    PROBLEM = "There is a problem"
    ANSWER_OR_SKIP = "Give an answer, or skip this question."
    WRITE_A_NUMBER = "Write a number only, like 34."
    WRITE_A_DATE = "Write a real date, as numbers: day, month and year."
    DAY = "Day"
    MONTH = "Month"
    YEAR = "Year"
    TOO_LONG = "Your answer has {count} characters. It can have at most {most}. Nothing was cut: please shorten it."
    READ_MORE = "Read more about this"
    IS_ANSWERED = "You have answered this. To keep your answer, choose Continue. To change it, answer again."
    ANSWERED_SINCE = (
        "This question was answered since you opened this page. To put this answer in its place, choose Continue."
    )
    NO_LONGER_ASKED = "That question is no longer asked, because of another answer of yours. You are here now."
    OTHER_ANSWERS = "That page belongs to other answers. Nothing was changed. You are here now."
    CHANGE_AN_ANSWER = "Change an answer"
    CHOOSE_LANGUAGE = "Language"
    IS_DRAFT = "This translation is a draft: nobody has checked it yet."
    FORM_PRIVACY = (
        "Your answers are used for this survey only. We do not ask for your name. If you tell us that someone is in "
        "danger, we may need to tell someone else."
    )
    INVITATION_OVER = "This invitation is not open now. You can take part here all the same."
    ON_THIS_PHONE = "Answers were begun on this phone or computer."
    SOMEONE_ELSE = "Start new, for someone else"
    CODE_HOW = "Go on later, or on another phone"
    CODE_GET = "Get a code"
    CODE_IS = "Your code is {code}. Write it down. For 7 days you can go on with your answers by it, on this web page."
    CODE_HAVE = "I have a code"
    CODE_ENTER = "Code"
    CODE_WHICH = (
        "A code from this web page brings back the answers begun here. A code from texting LINK starts new "
        "answers, and joins them to your phone number."
    )
    CODE_WRONG = "That code cannot be used. Look at it again, or start without it."
    CODE_WAIT = "There were too many wrong codes. Please wait 10 minutes."
    HAND_OVER = "The next questions are about you. You can take the phone and answer them by yourself."
    OPENS_ON_PAGE = "This survey opens on {date}. Please come back then."
    LATE_ON_PAGE = "This survey has closed. Your answer came after that; we have kept it, marked as late."
    DONE_ON_THIS_PHONE = "A whole survey was answered on this phone or computer."
    MANY_START = "Many people are starting just now. Please wait a minute, then try again."
    ELSEWHERE = "The answers begun here are on another phone now, or were removed."


Sentences: TypeAlias = Mapping[str, str]
"""English sentence to its translation, for one language."""


def english_day(day: date, language: str = "en") -> str:
    """Write a day as English readers know it, whatever the language: 3 May 2026."""
    return f"{day.day} {day:%B} {day.year}"


class Phrases:
    """The bot's sentences in every language it has. A missing sentence falls back to English.

    `short` holds the sentences that have a cheaper wording for SMS. `write_day` writes a day in a language.
    """

    def __init__(
        self,
        catalogues: Mapping[str, Sentences] | None = None,
        short: Mapping[str, Sentences] | None = None,
        write_day: Callable[[date, str], str] = english_day,
    ) -> None:
        full = catalogues or {}
        brief = short or {}
        self._full = dict(full)
        self._short = {language: {**full.get(language, {}), **brief.get(language, {})} for language in {*full, *brief}}
        self._write_day = write_day

    def has(self, phrase: Phrase, language: str) -> bool:
        """Say whether a sentence is there in a language, and not only in English."""
        return language == "en" or phrase in self._full.get(language, {})

    def say(self, phrase: Phrase, language: str, /, *, short: bool = False, **values: object) -> str:
        """Write one sentence in a language, with its values filled in; `short` asks for the SMS wording."""
        known = (self._short if short else self._full).get(language, {})
        sentence = known.get(phrase) or str(phrase)
        if not values:
            return sentence
        written = {
            name: self._write_day(value, language if phrase in known else "en") if isinstance(value, date) else value
            for name, value in values.items()
        }
        return sentence.format(**written)
