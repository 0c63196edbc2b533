"""Reports: what is asked of the books, as tables that every format can be written from."""
