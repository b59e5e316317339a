"""A language model that is none: a local server which reads the news by key words."""
