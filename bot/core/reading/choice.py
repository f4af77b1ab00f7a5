"""Reading a reply as one of the options: only when every word of it is accounted for, else it is unclear."""

import re

from bot.core.reading.bands import Band, read_age, read_band
from bot.core.reading.normalise import normalise, tokens
from bot.core.reading.phrase import mentioned, read_meaning, read_phrase
from bot.core.reading.postcodes import read_postcode_area
from bot.core.reading.readings import NOT_CLEAR, Chosen, Declined, Rule, Unclear, Why, chosen
from bot.core.reading.scheme import AREA, Scheme
from bot.core.reading.wrapping import Tokens, either, text_of, unwrap, unwrap_wholly

One = Chosen | Declined | Unclear

_LONGEST_NUMBER = 6
_HINT_LETTERS = 4
_SENTENCE = 6
_NOTHING: frozenset[str] = frozenset()
_APPROXIMATE = re.compile(r"[<>~+]|^\*[^*]*$")
"""More or less than, about; and the asterisk that corrects an earlier message."""
_NO_WHOLE = re.compile(r"(?:^|[\s(])[-.]\d|⁄|(?<![\d.])\d+[.·]\d+(?!\.?\d)")
"""A number below nought, a fraction or a decimal: "-5", "½", "1.5". "1.3.5" is a list, and "- 5" has a dash."""
_RANGE = re.compile(r"\d\s*-\s*\d")
_NUMBERED = re.compile(r"\(?(\d{1,2})\)?\s*[-.):=,]*\s+(.+)")
_CUT_OFF = re.compile(r"\W*(\w[^\s,.;:!/-]*)\s*[,.;:!-]+\s*(?=\w)")
_NUMBER_LAST = re.compile(r"(.+?)\s*\((\d{1,2})\)")


def is_hedged(folded: str) -> bool:
    """Say whether a text asks or approximates rather than answers, or has a number that no option can have."""
    return "?" in folded or _APPROXIMATE.search(folded) is not None or has_no_whole_number(folded)


def has_no_whole_number(folded: str) -> bool:
    """Say whether a text has a number that is negative or no whole one: none such stands before an option."""
    return _NO_WHOLE.search(folded) is not None


def number_of(token: str) -> int:
    """Read a token of digits, or an ordinal; -1 for one that is too long to stand before an option."""
    digits = token.rstrip("sthndr")
    return int(digits) if digits.isdecimal() and len(digits) <= _LONGEST_NUMBER else -1


def numbered(scheme: Scheme, token: str) -> str:
    """Return the option that a number or an ordinal means; empty for none."""
    return (scheme.numbers if token.isdecimal() else scheme.places).get(number_of(token), "")


def is_number(token: str) -> bool:
    """Say whether a token is a number or an ordinal, and no percentage."""
    return token[0].isdecimal() and not token.endswith("%")


def read_one(scheme: Scheme, folded: str) -> One:
    """Read a folded text as the choice of one option.

    "Nie, zgadzam się" is "no, I agree" and has the words of "I don't agree": what comes after a no and a comma must not
    mean something else than the whole. A disagreement may follow it ("nu, sunt împotrivă").
    """
    if two := _two_labels(scheme, folded):
        return Unclear(two, Why.SEVERAL)
    whole = _read_whole(scheme, folded)
    rest = after_no(scheme, folded)
    if not rest or isinstance(whole, Declined):
        return whole
    alone = _read_whole(scheme, rest)
    if isinstance(whole, Unclear):
        return alone if isinstance(alone, Chosen) and _is_against(scheme, alone) else whole
    if isinstance(alone, Chosen) and alone.codes != whole.codes:
        return Unclear((*alone.codes, *whole.codes), Why.SEVERAL)
    return whole


def _two_labels(scheme: Scheme, folded: str) -> tuple[str, ...]:
    """Return both options where a text is two labels on end: "Neither, disagree", "Strongly agree/Agree".

    "Neither agree" is none such: it begins "Neither agree nor disagree".
    """
    said = unwrap(tokens(folded), scheme.lexicon.before, scheme.lexicon.after)
    for at in range(1, len(said)):
        two = tuple(label_of(scheme, " ".join(half)) for half in (said[:at], said[at:]))
        if all(two) and two[0] != two[1]:
            whole = " ".join(said)
            return () if any(text.startswith(whole) for text in scheme.texts) else two
    return ()


def _is_against(scheme: Scheme, answer: Chosen) -> bool:
    stance = scheme.stances.get(answer.codes[0])
    return answer.rule in (Rule.SCALE, Rule.LABEL) and stance is not None and not stance.is_positive


def after_no(scheme: Scheme, folded: str) -> str:
    """Return what follows a no or a not that a comma or the like cuts off; empty where there is none."""
    cut = _CUT_OFF.match(folded)
    lex = scheme.lexicon
    return folded[cut.end() :] if cut and (cut[1] in lex.no or cut[1] in lex.negations) else ""


def _read_whole(scheme: Scheme, folded: str) -> One:
    lex = scheme.lexicon
    said = meaningful(tokens(folded), scheme)
    whole = " ".join(said)
    if not said or whole in lex.thanks or whole in lex.greetings:
        return NOT_CLEAR
    if whole in lex.passed:
        return Declined(Rule.MEANING)
    if "?" in folded:
        return Unclear(mentioned(scheme, said), Why.ASKS)
    if code := label_of(scheme, folded):
        return chosen(Rule.LABEL, code)
    core = unwrap(said, lex.before, lex.after)
    if core != said and (meaning := read_meaning(scheme, said)):  # "answer" may be wrapping, and begin "answer I won't"
        return meaning
    special = _area(scheme, folded, said) or _band(scheme, folded, said)
    if special is not None:
        return special
    if has_no_whole_number(folded):
        return Unclear(mentioned(scheme, said), Why.NOT_LISTED)
    if is_hedged(folded):
        return _unread(scheme, said)
    is_phrase = (phrase := " ".join(core)) in lex.neither or phrase in lex.yes  # "50/50", "na3am"
    if any(is_number(token) for token in core) and not is_phrase:
        return _with_number(scheme, folded, core)
    return _numbered_in_words(scheme, core) or read_phrase(scheme, core) or _unread(scheme, core)


def _numbered_in_words(scheme: Scheme, core: Tokens) -> Chosen | None:
    """Read "two, agree" and "agree: two", where both say the same."""
    for word, rest in ((core[0], core[1:]), (core[-1], core[:-1])):
        code = scheme.numbers.get(scheme.lexicon.numbers.get(word, 0), "")
        if code and rest and word not in rest:
            said = read_phrase(scheme, rest)
            if isinstance(said, Chosen) and said.codes == (code,):
                return chosen(Rule.NUMBER_AND_LABEL, code)
    return None


def label_of(scheme: Scheme, folded: str) -> str:
    """Return the option whose label a text is; empty for none, and for a number that also stands before an option."""
    name = normalise(folded)
    return "" if name.isdecimal() and number_of(name) in scheme.numbers else scheme.texts.get(name, "")


def meaningful(said: Tokens, scheme: Scheme) -> Tokens:
    """Drop the pictures that mean nothing here: a thumb is a word only where yes or no is asked for."""
    lex = scheme.lexicon
    known = lex.dont_know | (lex.yes | lex.no if scheme.yes or scheme.no else frozenset())
    return tuple(token for token in said if token in known or not _is_picture(token))


def _is_picture(token: str) -> bool:
    return len(token) == 1 and not token.isalnum() and ord(token) >= 0x2190


def _unread(scheme: Scheme, core: Tokens) -> Unclear:
    codes = mentioned(scheme, core)
    return Unclear(codes, Why.SEVERAL if len(codes) > 1 else Why.NOTHING)


def _area(scheme: Scheme, folded: str, said: Tokens) -> One | None:
    """Read a postcode, where the options are postcode areas; alone, or beside its number."""
    if not scheme.areas:
        return None
    lex = scheme.lexicon
    text = text_of(unwrap(said, either(lex.before, lex.label_before), lex.after), said, folded)
    if area := read_postcode_area(text):
        code = scheme.areas.get(area)
        return chosen(Rule.POSTCODE, code) if code else Unclear((), Why.NOT_LISTED)
    if pair := _number_and_text(text):
        code = scheme.numbers.get(pair[0])
        if code and code == scheme.areas.get(read_postcode_area(pair[1]) or ""):
            return chosen(Rule.NUMBER_AND_LABEL, code)
    named = tuple(dict.fromkeys(scheme.areas.get(found.upper(), "") for found in AREA.findall(folded)))
    return Unclear(tuple(code for code in named if code), Why.SEVERAL) if named else None


def _number_and_text(text: str) -> tuple[int, str] | None:
    """Cut "2. 25-34" and "25-34 (2)" into the number and the rest."""
    if numbered := _NUMBERED.fullmatch(text):
        return int(numbered[1]), numbered[2]
    if last := _NUMBER_LAST.fullmatch(text):
        return int(last[2]), last[1]
    return None


def _band(scheme: Scheme, folded: str, said: Tokens) -> One | None:
    """Read a range that is one of the bands, alone or beside its number; or an age that falls into one."""
    if not scheme.bands:
        return None
    if band := read_band(folded, scheme.lexicon):
        return _that_band(scheme, band)
    pair = _number_and_text(folded)
    if pair and (band := read_band(pair[1], scheme.lexicon)):
        code = scheme.numbers.get(pair[0])
        agrees = code is not None and scheme.bands.get(code) == band
        return chosen(Rule.NUMBER_AND_LABEL, code) if code and agrees else Unclear((), Why.SEVERAL)
    age = read_age(said, scheme.lexicon)
    if age is None or is_hedged(folded) or (not age.is_said and age.band.low in scheme.numbers):
        return None
    high = age.band.low if age.band.high is None else age.band.high
    codes = tuple(code for code, known in scheme.bands.items() if known.holds(age.band.low) and known.holds(high))
    return chosen(Rule.AGE, *codes) if len(codes) == 1 else Unclear(codes, Why.NOT_LISTED)


def _that_band(scheme: Scheme, band: Band) -> Chosen | Unclear:
    codes = [code for code, known in scheme.bands.items() if known == band]
    return chosen(Rule.LABEL, *codes) if len(codes) == 1 else Unclear((), Why.RANGE)


def _with_number(scheme: Scheme, folded: str, core: Tokens) -> One:
    """Read a reply with a number in it: the number alone, or with its own label, or unclear."""
    numbers = [token for token in core if is_number(token)]
    codes = tuple(dict.fromkeys(numbered(scheme, token) for token in numbers))
    listed = tuple(code for code in codes if code)
    if len(numbers) > 1:
        why = Why.RANGE if _RANGE.search(folded) else Why.SEVERAL
        return Unclear(listed, why if all(codes) else Why.NOT_LISTED)
    if not listed:
        return Unclear(mentioned(scheme, core), Why.NOT_LISTED)
    code, number = listed[0], numbers[0]
    lead, marks, tail = _around(core, number, scheme)
    if scheme.no and code != scheme.no and any(mark in scheme.lexicon.no for mark in marks):
        return Unclear((scheme.no, code), Why.SEVERAL)  # "no 3" where "no" is an answer
    rest = (*lead, *tail)
    if rest:
        return _beside(scheme, code, rest)
    if number_of(number) in scheme.equals and not marks:
        return Unclear(listed, Why.SEVERAL)
    return chosen(Rule.NUMBER if number.isdecimal() else Rule.ORDINAL, code)


def _around(core: Tokens, number: str, scheme: Scheme) -> tuple[Tokens, Tokens, Tokens]:
    """Cut a reply at its number: the words before, the marks of a number ("option", "no."), the words after."""
    lex = scheme.lexicon
    place = core.index(number)
    lead, tail = core[:place], core[place + 1 :]
    if not number.isdecimal():
        lead = unwrap_wholly(lead, either(lex.before, lex.ordinal_around), lex.ordinal_around)
        return lead, (), unwrap_wholly(tail, lex.ordinal_around, either(lex.after, lex.ordinal_around))
    kept = lead
    while kept and kept[-1] in lex.number_before:
        kept = kept[:-1]
    return unwrap_wholly(kept, lex.before, _NOTHING), lead[len(kept) :], unwrap_wholly(tail, _NOTHING, lex.after)


def _beside(scheme: Scheme, code: str, rest: Tokens) -> Chosen | Unclear:
    """Hold the words beside a number against its option: they must say the same, or begin to."""
    said = read_phrase(scheme, rest)
    same = chosen(Rule.NUMBER_AND_LABEL, code)
    match said:
        case Chosen(codes):
            return same if codes == (code,) else Unclear((code, *codes), Why.SEVERAL)
        case Unclear(candidates):
            return same if code in candidates else Unclear((code, *candidates), Why.SEVERAL)
        case _:
            pass
    phrase = " ".join(rest)
    is_negated = any(word in scheme.lexicon.negations for word in rest)
    begins = any(label.startswith(phrase) for label, of in scheme.labels if of == code)
    if len(phrase) >= _HINT_LETTERS and begins and not is_negated:
        return same
    others = tuple(other for other in mentioned(scheme, rest) if other != code)
    hints = (code, *others) if len(rest) < _SENTENCE else others
    return Unclear(hints, Why.SEVERAL if others else Why.NOTHING)
