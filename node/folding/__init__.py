"""The parts of the fold: what came in since the last settling, how a cell is brought up to date, and the catalogue."""
