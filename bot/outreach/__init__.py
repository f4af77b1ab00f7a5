"""Inviting residents: campaigns, the words that begin them, and what is printed for them."""
