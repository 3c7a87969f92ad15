"""The catalog of prices kept up to date: prices fetched from the clouds, and the file they are kept in."""
