"""No process of a run outlives the command that started it, not even when that one is killed."""

import os
import threading
import time

from dp.stages.environment import OWNER_VARIABLE

LOOK_EVERY_SEC = 1.0  # own choice


def follow_owner() -> None:
    """End this process, at once, when the process named by DP_OWNER_PID is gone. Without a name do nothing.

    Ending at once is safe: every file is written whole or not at all, and Dask's workers end with their parent.
    """
    owner = os.environ.get(OWNER_VARIABLE)
    if owner is not None:
        threading.Thread(target=_watch, args=(int(owner),), daemon=True).start()


def _watch(owner_pid: int) -> None:
    while True:
        try:
            os.kill(owner_pid, 0)
        except ProcessLookupError:
            os._exit(1)
        time.sleep(LOOK_EVERY_SEC)
