"""Results that other tools measured, read into load points: one module a format, all of them listed in `registry`."""
