"""The inventory: writes facts to the log and folds the log into the tables that people read."""

__version__ = "0.1.0"
