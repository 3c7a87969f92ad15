"""What the scripts beside this folder share: generators to compare with, a server to load, ratios and their spread."""
