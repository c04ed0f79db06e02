"""An AWS that answers at once: what the emulator has answered one function, again and again, without its own time."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from local.emulator import Emulator


class AtOnce(ThreadingHTTPServer):
    """The first request of each operation is passed on to the emulator; its reply is kept for all others.

    A function that sends one operation about several things would get the first one's reply for all: none does.
    """

    daemon_threads = True

    def __init__(self, aws: Emulator) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.endpoint = f"http://127.0.0.1:{self.server_port}"
        self.emulator = aws.endpoint.removeprefix("http://")
        self.replies: dict[str, bytes] = {}

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Requests(BaseHTTPRequestHandler):
    server: AtOnce
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"]
        if operation not in self.server.replies:
            self.server.replies[operation] = self.asked(body)
        self.wfile.write(self.server.replies[operation])

    def asked(self, body: bytes) -> bytes:
        connection = http.client.HTTPConnection(self.server.emulator)
        connection.request("POST", self.path, body, dict(self.headers))
        reply = connection.getresponse()
        text = reply.read()
        connection.close()
        head = f"HTTP/1.1 {reply.status} {reply.reason}\r\nContent-Type: {reply.headers['Content-Type']}\r\n"
        return f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text

    def log_message(self, *_: Any) -> None:
        pass
