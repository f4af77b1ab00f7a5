"""What the bot says next. Pure: no I/O, no clock, no ids, no randomness."""
