"""Serve Prefect on this machine for the stages of one command: `python -m flows.server` prints its port and serves.

The port is bound here and never given away in between, so nobody else can take it.
"""

import socket

import uvicorn
from prefect.server.api.server import create_app

from dp.parallel.environment import LOOPBACK
from flows.owner_watch import follow_owner


def main() -> None:
    """Serve on a free loopback port until the process is ended."""
    follow_owner()
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        print(listener.getsockname()[1], flush=True)
        app = create_app(final=True, webserver_only=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    main()
