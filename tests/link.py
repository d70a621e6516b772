"""A link to a server on a Unix socket that can be stalled, cut and restored, as a network between two machines can."""

import os
import select
import shutil
import socket
import tempfile
import threading
from contextlib import suppress


class Link:
    """Listens where `url` says, in the place of the PostgreSQL server at the socket in the folder `target`."""

    def __init__(self, url, connect=None):
        """`connect` makes a connection to the server, where it is not reached by its socket."""
        before, _, self._target = url.partition("host=")
        self._connect = connect or self._connect_to_the_socket
        self._folder = tempfile.mkdtemp(prefix="tk-link-", dir="/tmp")  # short, for a socket
        self.url = f"{before}host={self._folder}"
        self._flows, self._up = threading.Event(), True
        self._open = []
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{self._folder}/.s.PGSQL.5432")
        self._listener.listen(100)
        self._flows.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def stall(self):
        """Let nothing through, and close nothing: both ends wait."""
        self._flows.clear()

    def cut(self):
        """End all connections, and refuse new ones."""
        self._up = False
        self.end_connections()

    def restore(self):
        """Let everything through again."""
        self._up = True
        self._flows.set()

    def end_connections(self):
        """End all connections, as a proxy that restarts does."""
        with self._lock:
            ends, self._open = self._open, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.cut()
        self._flows.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _connect_to_the_socket(self):
        far = socket.socket(socket.AF_UNIX)
        try:
            far.connect(os.path.join(self._target, ".s.PGSQL.5432"))
        except OSError:
            far.close()
            raise
        return far

    def _accept(self):
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if not self._up:
                    near.close()
                    continue
                try:
                    far = self._connect()
                except OSError:
                    near.close()
                    continue
                with self._lock:
                    self._open += [near, far]
                threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near, far):
        with near, far, suppress(OSError):
            while True:
                ready, _, _ = select.select([near, far], [], [])
                for one in ready:
                    data = one.recv(65536)
                    self._flows.wait()
                    if not data:
                        return
                    (far if one is near else near).sendall(data)
