"""Earshot: a council's consultation survey, answered by text message."""
