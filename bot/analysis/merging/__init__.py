"""Looking over a survey's responses for those that belong together. What is found is marked, never left out."""
