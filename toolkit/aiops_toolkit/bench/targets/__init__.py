"""What load can be put on, a module each: HTTP, OpenAI-compatible streams, KServe, Python callables, commands."""
