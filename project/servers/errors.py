"""What can go wrong with a private server. Every message is one sentence that says what to do next."""


class ServerError(Exception):
    """The base of all errors of private servers."""


class ProgramMissing(ServerError):
    """No usable program was found for a server, neither on the machine nor among the installed packages."""


class ServerDidNotStart(ServerError):
    """A program was found and started but never became ready."""


class DirectoryInUse(ServerError):
    """Another run keeps its data in the same directory."""


class DataNotUsable(ServerError):
    """Kept data was written by another user or by a version that is not on this machine."""
