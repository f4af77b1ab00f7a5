"""Forwarding: what happened to responses, brought to where the analysis is done, in order and at least once."""
