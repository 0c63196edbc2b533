"""Examples of every byte layout, for this implementation and for any other."""
