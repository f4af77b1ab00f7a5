"""Channels speak: one file per channel behind one contract. They know no survey and no conversation."""
