"""An OpenID Connect issuer on this machine: a real HTTP server with its two documents, real keys, and real tokens."""

import json
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

CONFIGURATION = "/.well-known/openid-configuration"
KEYS = "/keys"
AUDIENCE = "https://coach.example.com/api"


@cache
def private_key(algorithm: str, number: int = 0, bits: int = 2048) -> Any:  # noqa: ARG001 - tells keys apart
    """Made once, since RSA's take long to make."""
    match algorithm[:2]:
        case "RS" | "PS":
            return rsa.generate_private_key(65537, bits)
        case "ES":
            return ec.generate_private_key({"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1()}[algorithm])
    return ed25519.Ed25519PrivateKey.generate()


def jwk(algorithm: str, private: Any, **more: Any) -> dict[str, Any]:
    made: Any = get_default_algorithms()[algorithm]
    public: dict[str, Any] = made.to_jwk(private.public_key(), as_dict=True)
    return {name: value for name, value in public.items() if name != "key_ops"} | {"use": "sig", **more}


class LocalIssuer:
    """Answers as a context manager is open. What it says is in `configuration` and `keys`; a test may change that.

    `hangs`: it takes requests and sends nothing. `drips`: it sends a letter now and then, without end.
    """

    def __init__(self, path: str = "") -> None:
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self._over = threading.Event()
        self.asked: list[str] = []
        self.hangs = self.drips = False
        self.redirects = False
        self.raw: bytes | None = None
        self.keys: list[dict[str, Any]] = []
        self._signing: dict[str, tuple[str, Any]] = {}
        self.start()
        self.url = f"http://127.0.0.1:{self._port}{path}"
        self.configuration: Any = {"issuer": self.url, "jwks_uri": f"http://127.0.0.1:{self._port}{KEYS}"}
        self.kid = self.turn()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._over.set()
        self.stop()

    def turn(self, algorithm: str = "ES256", *, keep: bool = True) -> str:
        """Sign with another key from now on, and publish it, beside those before or in their place; its id."""
        self.kid = f"{algorithm}-{len(self._signing)}"
        private = private_key(algorithm, len(self._signing))
        self._signing[self.kid] = algorithm, private
        self.keys = [*(self.keys if keep else []), jwk(algorithm, private, kid=self.kid, alg=algorithm)]
        return self.kid

    def token(
        self, sub: Any = "ada", *, kid: str | None = None, header: dict[str, Any] | None = None, **changed: Any
    ) -> str:
        """A token signed with the newest key, or that of `kid`; None leaves a claim or a field of the header out."""
        signing = kid or self.kid
        algorithm, private = self._signing[signing]
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": sub, "iat": now, "exp": now + 3600} | changed
        return signed(algorithm, private, {"kid": signing} | (header or {}), claims)

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler())
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Nobody listens any more, until `start`."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                if issuer.hangs:
                    issuer._over.wait(20)
                    return
                if issuer.drips:
                    self.send_response(200)
                    self.flush_headers()
                    while not issuer._over.wait(0.05):
                        self.wfile.write(b"x")
                    return
                if issuer.redirects and "?" not in self.path:
                    self.send_response(302)
                    self.send_header("Location", f"{self.path}?again")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                content = {KEYS: {"keys": issuer.keys}}.get(self.path.partition("?")[0], issuer.configuration)
                body = issuer.raw if issuer.raw is not None else json.dumps(content).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


def signed(algorithm: str, private: Any, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """None leaves a field out."""
    present = {name: value for name, value in claims.items() if value is not None}
    fields = {name: value for name, value in header.items() if value is not None}
    return jwt.encode(present, private, algorithm=algorithm, headers=fields)
