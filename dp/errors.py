"""The one error for bad input: which thing, what is wrong with it, what to do."""

EXIT_BAD_INPUT = 2  # of every command that a DataError ends; argparse and Typer use it for options, too


class DataError(Exception):
    """Input that cannot be used.

    A command prints it as one line and exits with EXIT_BAD_INPUT; a corpus run turns it into a row of the report.

    Args:
        subject: what is wrong: a file's path, a recording's id, a parameter's name.
        reason: what is wrong with it, with the value seen and the bounds it broke.
        advice: what to do about it; may be empty where the reason says it all.
    """

    def __init__(self, subject: object, reason: str, advice: str = "") -> None:
        self.subject = str(subject)
        self.reason = " ".join(reason.split())
        self.advice = " ".join(advice.split())
        super().__init__(self.subject, self.reason, self.advice)

    def __str__(self) -> str:
        return f"{self.subject}: {self.reason}" + (f"; {self.advice}" if self.advice else "")
