"""Answers from elsewhere: files, maps, dates, labels, and what an import leaves."""
