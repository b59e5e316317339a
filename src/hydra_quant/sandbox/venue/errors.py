"""The venue's refusals, in Binance's own numbers: ``{"code": -1121, "msg": "..."}`` with a 4xx."""


class VenueError(Exception):
    """A refusal that reaches the client as ``{code, msg}``.

    Parameters
    ----------
    code : int
        Binance's error code, negative.
    message : str
        One line.
    status : int
        HTTP status.
    """

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status

    def body(self) -> dict[str, object]:
        """What the client reads."""
        return {"code": self.code, "msg": self.message}


def missing(name: str) -> VenueError:
    """A mandatory parameter is absent or empty (-1102)."""
    return VenueError(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )


def illegal(name: str) -> VenueError:
    """A number with illegal characters (-1100)."""
    return VenueError(
        -1100,
        f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.",
    )


def invalid(name: str) -> VenueError:
    """A well-formed value outside what is allowed (-1130)."""
    return VenueError(-1130, f"parameter '{name}' is invalid.")


def invalid_symbol() -> VenueError:
    """A symbol that is not listed (-1121)."""
    return VenueError(-1121, "Invalid symbol.")


def invalid_interval() -> VenueError:
    """A candle width that does not exist here (-1120)."""
    return VenueError(-1120, "Invalid interval.")
