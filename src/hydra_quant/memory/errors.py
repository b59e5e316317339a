"""What can go wrong with the store."""


class StoreError(ValueError):
    """The store cannot be opened, read or written as asked; one line that says what would be right.

    A database's address in such a line is shown without its password.
    """
