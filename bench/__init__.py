"""Measures Earshot beside the bare durable limit of the same machine: `python -m bench --help`."""
