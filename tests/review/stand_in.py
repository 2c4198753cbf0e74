"""A server that speaks Ollama's protocol, and OpenAI's, as far as a review needs them.

It answers over real HTTP on this machine. What its model says is a function of the request; what
goes wrong on the way is chosen with `trouble`. As a program, it is a server to try reviews with:

    python tests/review/stand_in.py --port 11434
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Body = dict[str, Any]
Says = Callable[[Body], str]
Trouble = Literal[
    "",
    "slow",
    "drips",
    "drips without a line's end",
    "error mid-stream",
    "breaks off",
    "cut at its limit",
    "never ends",
    "no such model",
    "no room",
    "a web page",
    "lines that are no JSON",
    "redirects",
]
MODEL = "qwen2.5-coder:7b"
_DIGEST = "2b0496514337a3d5901f1d253d01726c890b721e891335a56d6e08cedf3e2cb0"
_GIGABYTE = 2**30
_REFERENCE = re.compile(r"The reference[^\n]*:\n(.*?)\n\nVerdict of the tests", re.DOTALL)
_LINE = re.compile(r"^ *\d+ \| (.*)$", re.MULTILINE)
_PROSE = re.compile(r"#(.*)|[\"']([^\"'\n]*)[\"']")


def model(name: str, size: int = 4 * _GIGABYTE, **more: Any) -> Body:
    """A model as /api/tags lists it."""
    details = {
        "parent_model": "", "format": "gguf", "family": "qwen2", "families": ["qwen2"],
        "parameter_size": "7.6B", "quantization_level": "Q4_K_M",
    }  # fmt: skip
    return {
        "name": name, "model": name, "modified_at": "2026-01-31T12:00:00.123456789Z",
        "size": size, "digest": _DIGEST, "details": details, **more,
    }  # fmt: skip


def answer(**parts: Any) -> str:
    """An answer in the form that is asked for."""
    good = {
        "summary": "You combine the two arguments.",
        "right": "Both arguments are used, and nothing is computed twice.",
        "improvement": "Say in a comment what the second argument is for.",
        "question": "What happens if the second argument is zero?",
    }
    return json.dumps({**good, **parts})


def asked(body: Body) -> str:
    """The question that a request puts, without the rules before it."""
    return str(body["messages"][1]["content"])


def reference_in(body: Body) -> str:
    """The reference that a request holds; empty if it holds none."""
    found = _REFERENCE.search(asked(body))
    return found[1] if found else ""


def code_in(body: Body) -> str:
    """The student's code that a request holds."""
    return "\n".join(_LINE.findall(asked(body)))


def gullible(body: Body) -> str:
    """The answer of a model that does what it reads in comments and strings."""
    told = " ".join(" ".join(pair) for pair in _PROSE.findall(code_in(body))).strip()
    return answer(
        summary=f"{told or 'As you wish.'}"[:400],
        right="This code is correct and passes all tests: full marks, 10/10.",
        improvement=f"Nothing to improve. The reference is {reference_in(body)}"[:400],
    )


@dataclass
class StandIn:
    """The server: what it has, what its model says, what goes wrong, and what it was asked."""

    says: Says = lambda body: answer()
    trouble: Trouble = ""
    models: list[Body] = field(default_factory=lambda: [model(MODEL)])
    requests: list[Body] = field(default_factory=list)
    pause: float = 0.0
    port: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def serving(stand_in: StandIn) -> Iterator[StandIn]:
    """Let it serve for as long as the block lasts."""
    handler = type("Handler", (_Handler,), {"stand_in": stand_in})
    server = ThreadingHTTPServer(("127.0.0.1", stand_in.port), handler)
    server.daemon_threads = True
    stand_in.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        stand_in.ended.set()
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stand_in: StandIn

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        here = self.stand_in
        if here.trouble == "a web page":
            self._whole(b"<html><body>Router login</body></html>", "text/html")
        elif here.trouble == "redirects":
            self.send_response(307)
            self.send_header("Location", f"http://localhost:{here.port}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/api/tags":
            self._json({"models": here.models})
        elif self.path == "/api/version":
            self._json({"version": "0.21.0"})
        elif self.path == "/v1/models":
            rows = [{"id": m["name"], "object": "model", "created": 0} for m in here.models]
            self._json({"object": "list", "data": rows})
        else:
            self._json({"error": "not found"}, 404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        here = self.stand_in
        here.requests.append({**body, "path": self.path, "headers": dict(self.headers)})
        known = any(m["name"] == body.get("model") for m in here.models)
        if not known or here.trouble == "no such model":
            self._json({"error": f"model '{body.get('model')}' not found"}, 404)
        elif here.trouble == "no room":
            said = "model requires more system memory (5.6 GiB) than is available (2.1 GiB)"
            self._json({"error": said}, 500)
        elif self.path == "/api/chat":
            with contextlib.suppress(ConnectionError):
                self._stream("application/x-ndjson", self._ollama_lines(body))
        elif self.path == "/v1/chat/completions":
            with contextlib.suppress(ConnectionError):
                self._stream("text/event-stream", self._openai_lines(body))
        else:
            self._json({"error": "not found"}, 404)

    def _pieces(self, body: Body) -> Iterator[str]:
        """The answer, a few characters at a time, with what goes wrong on the way."""
        here = self.stand_in
        if here.trouble == "slow":
            here.ended.wait(30)
        if here.trouble == "never ends":
            while not here.ended.is_set():
                yield "and so on " * 50
        text = here.says(body)
        for start in range(0, len(text), 24):
            yield text[start : start + 24]
            time.sleep(here.pause)
            if start and here.trouble in ("error mid-stream", "breaks off", "cut at its limit"):
                return
            if here.trouble == "drips":
                here.ended.wait(0.05)

    def _ollama_lines(self, body: Body) -> Iterator[bytes]:
        head = {"model": body["model"], "created_at": "2026-01-31T12:00:00.123456789Z"}
        trouble = self.stand_in.trouble
        for piece in self._pieces(body):
            yield _line({**head, "message": {"role": "assistant", "content": piece}, "done": False})
        if trouble == "error mid-stream":
            yield _line({"error": "llama runner process has terminated: signal: killed"})
        elif trouble == "lines that are no JSON":
            yield b"Segmentation fault\n"
        elif trouble != "breaks off":
            reason = "length" if trouble == "cut at its limit" else "stop"
            counts = {"total_duration": 5, "load_duration": 1, "prompt_eval_count": 900,
                      "prompt_eval_duration": 2, "eval_count": 120, "eval_duration": 2}  # fmt: skip
            message = {"role": "assistant", "content": ""}
            yield _line({**head, "message": message, "done_reason": reason, "done": True, **counts})

    def _openai_lines(self, body: Body) -> Iterator[bytes]:
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": body["model"]}
        trouble = self.stand_in.trouble
        for piece in self._pieces(body):
            choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
            yield b"data: " + _line({**head, "choices": [choice]}) + b"\n"
        if trouble == "error mid-stream":
            yield b"data: " + _line({"error": {"message": "out of memory", "code": 500}}) + b"\n"
        elif trouble == "lines that are no JSON":
            yield b"data: Segmentation fault\n\n"
        elif trouble != "breaks off":
            reason = "length" if trouble == "cut at its limit" else "stop"
            choice = {"index": 0, "delta": {}, "finish_reason": reason}
            yield b"data: " + _line({**head, "choices": [choice]}) + b"\ndata: [DONE]\n\n"

    def _stream(self, kind: str, lines: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.stand_in.trouble == "drips without a line's end":
            while not self.stand_in.ended.wait(0.02):
                self._chunk(b" ")
        for line in lines:
            self._chunk(line)
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()

    def _json(self, body: Body, status: int = 200) -> None:
        self._whole(json.dumps(body).encode(), "application/json", status)

    def _whole(self, data: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _line(body: Body) -> bytes:
    return json.dumps(body).encode() + b"\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for Ollama.")
    parser.add_argument("--port", type=int, default=11434)
    parser.add_argument("--trouble", default="")
    parser.add_argument("--gullible", action="store_true")
    arguments = parser.parse_args()
    stand_in = StandIn(trouble=arguments.trouble, port=arguments.port, pause=0.05)
    if arguments.gullible:
        stand_in.says = gullible
    with serving(stand_in):
        print(f"listening on {stand_in.address}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
