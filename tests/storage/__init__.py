"""Tests of storage, on both engines."""
