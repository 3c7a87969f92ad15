"""The load engine: sends requests on time, keeps what happened to each, and turns it into load points."""
