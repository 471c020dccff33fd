"""Environment variables say where jobs are done and what is shown; this is where they have their names."""

WORKERS_VARIABLE = "DP_WORKERS"  # processes of a local cluster
SCHEDULER_VARIABLE = "DP_SCHEDULER"  # address of an existing cluster
VERBOSE_VARIABLE = "DP_VERBOSE"  # set by `dp --verbose`: tracebacks are shown on standard error, too
LOOPBACK = "127.0.0.1"


def count_cores() -> int:
    """Count the cores that this process may use, as Dask does: a container's limits count."""
    from dask.system import CPU_COUNT

    return int(CPU_COUNT)
