"""The report by mode: what came in by each way of answering, and what it would be without what was marked."""
