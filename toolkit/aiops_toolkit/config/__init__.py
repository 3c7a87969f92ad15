"""aiops.yml: its values, how it is read, and what is said about mistakes in it."""
