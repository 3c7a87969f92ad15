"""The command line: options in, the rooms' functions called, results shown. No logic of its own."""
