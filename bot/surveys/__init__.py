"""Survey files: from a spreadsheet (XLSForm) to a frozen survey definition, and what its author should know."""
