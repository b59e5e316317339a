"""What can end a demo early."""


class DemoError(RuntimeError):
    """The demo cannot go on; the text is what the user reads.

    Parameters
    ----------
    message : what happened and what to do about it
    status : exit status; 2 for a mistake in the input, 1 for a step that failed
    """

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


class Stopped(BaseException):
    """A signal asked the demo to end; not an Exception, so that nothing swallows it.

    Parameters
    ----------
    signum : the signal's number
    """

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum
