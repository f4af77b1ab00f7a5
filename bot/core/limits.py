"""Every limit of a conversation, named, in one place."""

TRIES = 3
"""How often a question is asked before it is left open, with the resident's words kept (invariant 6)."""

SILENCE_DAYS = 30
"""After so long the phone may have a new owner: the bot asks whether to carry on or start new (invariant 12)."""

REPLIES_PER_HOUR = 60
"""Replies to one address in an hour. Above it answers are stored and nothing is said: replies cost money too."""

IDENTICAL_TEXTS = 5
"""So many identical texts in a row that moved nothing are answered; the next ones look like a machine's."""

KEYWORDS_LISTED = 6
"""Open surveys named in one reply, so that it stays readable on a small phone."""

SECOND_HALF_WORDS = 3
"""A late second half of an open answer has at least so many words; fewer are a try at the standing question."""

SECOND_THOUGHT_WORDS = 4
"""A text of at most so many words with a yes or a no among them may answer the bot's own question."""

LANGUAGE_QUESTIONS = 2
"""So often at most a conversation asks by itself which language is wanted."""

LANGUAGE_TRIES = 2
"""So often the menu of languages is put, before the question that it stands before comes again."""

LIKELY = 3
"""Languages that such a question offers, besides the one that is spoken."""

OPTION_ID_BYTES = 40
"""What every channel can carry under a button."""

FORM_CHARACTERS = 10_000
"""Characters of an answer on a page. More is refused and said so: nothing is ever cut."""
