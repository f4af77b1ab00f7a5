"""Answers from elsewhere, such as the council's own web form: its export read by a map, checked, and taken in."""
