"""Reports as files: a module a format. Each writes from a `Document` to a stream of bytes, row by row.

What a format can't tell apart (a formula from a name, a floating number from an amount) is dealt with in its module;
`cells` has what all of them share.
"""
