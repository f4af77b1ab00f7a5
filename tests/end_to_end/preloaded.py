"""What commands load when they need it, loaded already: pyxform, openpyxl, Alembic, and two detectors' models."""

from importlib import import_module

from bot.language.text import Script
from bot.language.voters import FastText, Langdetect

for name in ("openpyxl", "pyxform.xls2xform", "storage.migrating"):
    import_module(name)
for script in (Script.LATIN, Script.ARABIC):
    for voter in (Langdetect(), FastText()):
        voter.vote("hello again", script)
