"""Run the command `dp`. Modules below import what they need inside their functions, so that `dp --help` stays quick."""

import errno
import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from dp.errors import EXIT_BAD_INPUT, DataError

EXIT_OK, EXIT_UNEXPECTED, EXIT_INTERRUPTED = 0, 1, 130  # 130 as shells do: 128 and the number of SIGINT


def main(argv: Sequence[str] | None = None) -> None:
    """Run `dp` and exit.

    0 done, 1 something of a batch failed or an unexpected error, 2 bad input (one line on stderr), 130 interrupted.
    """
    code = run(sys.argv[1:] if argv is None else argv)
    gc.freeze()  # Python looks through all objects once more as it ends, which takes up to seconds with PyTorch's
    sys.exit(code)


def run(argv: Sequence[str]) -> int:
    """Run `dp` on `argv` and return its exit code."""
    import typer
    from typer.exceptions import TyperException

    from dp.cli.app import Invocation, app

    invocation = Invocation()
    try:
        command = typer.main.get_command(app)
        code = command.main(args=list(argv), prog_name="dp", standalone_mode=False, obj=invocation)
        if code == EXIT_INTERRUPTED:  # what Typer makes of Ctrl-C
            return _report_interruption()
        return code if isinstance(code, int) else EXIT_OK
    except TyperException as error:
        message = error.format_message() or "a command is missing"
        return _complain(f"{message.rstrip('.')}; see {_find_command_path(error)} --help")
    except DataError as error:
        return _complain(str(error))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM):
            return _report_unexpected(error, invocation.command, invocation.project)
        subject = error.filename2 or error.filename or "output"
        advice = (
            "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "choose a folder you may write to"
        )
        return _complain(f"{subject}: {error.strerror}; nothing was written there, {advice} and run again")
    except (KeyboardInterrupt, typer.Abort):
        return _report_interruption()
    except Exception as error:
        return _report_unexpected(error, invocation.command, invocation.project)


def _report_unexpected(error: Exception, command: str, project: Path | None) -> int:
    """Say in one line what happened; the traceback is kept in the project, or else in the current folder."""
    from dp.parallel.run_log import keep_traceback
    from dp.project import find_logs_folder

    line = keep_traceback(find_logs_folder(project, Path.cwd()), command, error)
    print(f"dp: unexpected error: {line}", file=sys.stderr)
    return EXIT_UNEXPECTED


def _find_command_path(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context is not None else "dp"


def _report_interruption() -> int:
    print("dp: interrupted; what was finished is kept, run the same command again to go on", file=sys.stderr)
    return EXIT_INTERRUPTED


def _complain(line: str) -> int:
    print("dp: " + " ".join(line.split()), file=sys.stderr)
    return EXIT_BAD_INPUT
