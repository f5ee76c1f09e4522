"""The control API of a ppnd, on its UNIX socket."""

import contextlib
import http.client
import json
import socket

# So long nothing takes; it only ends a test that hangs.
PATIENCE = 60


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("ppn", timeout=PATIENCE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self.path))


def request(socket_path, method, path, body=None, headers=None):
    """Returns the status, and the text that was answered."""
    with contextlib.closing(UnixConnection(socket_path)) as connection:
        headers = dict(headers or {})
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = json.dumps(body)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
