"""From a team's own spreadsheet to facts: read the file, know its columns and values, find what is meant, write."""
