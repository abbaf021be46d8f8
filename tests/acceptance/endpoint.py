# SPDX-License-Identifier: MPL-2.0
"""A stand-in for a Docker engine's socket that can be stopped, while the real engine goes on.

    endpoint = Endpoint("/tmp/x/docker.sock")
    endpoint.start(); ...; endpoint.stop()     # now it looks as if Docker were stopped
"""

import contextlib
import os
import socket
import threading

DOCKER_SOCKET = "/var/run/docker.sock"


class Endpoint:
    """Passes bytes both ways between a unix socket at `path` and the engine's own one."""

    def __init__(self, path, target=DOCKER_SOCKET):
        self.path = path
        self.url = "unix://" + path
        self.connections = 0
        self._target = target
        self._listener = None
        self._open = set()
        self._lock = threading.Lock()

    def start(self):
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.path)
        self._listener.listen(64)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self):
        """Refuses new connections and cuts those that are open, as a stopping daemon does."""
        if self._listener is None:
            return
        with contextlib.suppress(OSError):
            os.unlink(self.path)
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # Wakes the thread that accepts.
        self._listener.close()
        self._listener = None
        with self._lock:
            for open_socket in self._open:
                with contextlib.suppress(OSError):
                    open_socket.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                server.connect(self._target)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._open |= {client, server}
            both = [threading.Thread(target=self._pass, args=pair, daemon=True)
                    for pair in ((client, server), (server, client))]
            for thread in both:
                thread.start()
            threading.Thread(target=self._close, args=(both, client, server), daemon=True).start()

    @staticmethod
    def _pass(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        # Half a close: the other direction may still have something to say.
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _close(self, threads, *sockets):
        for thread in threads:
            thread.join()
        with self._lock:
            self._open -= set(sockets)
        for each in sockets:
            each.close()
