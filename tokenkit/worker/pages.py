"""Two pages about a worker, for what looks after programs: is it healthy, and what has it done."""

from tokenkit.provider import Request, Response
from tokenkit.worker.worker import Worker

_TEXT = (("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"))
_METRICS = (("Content-Type", "text/plain; version=0.0.4; charset=utf-8"), ("Cache-Control", "no-store"))


def page(worker: Worker, request: Request) -> Response:
    """Answer one request. No page names an account or an owner, and none changes anything."""
    path = "/" + request.url.partition("://")[2].partition("/")[2].partition("?")[0]
    if request.method not in ("GET", "HEAD"):
        return Response(405, (("Allow", "GET, HEAD"),))
    if path == "/metrics":
        return Response(200, _METRICS, worker.figures.to_text().encode())
    if path == "/health":
        healthy = worker.healthy
        return Response(200 if healthy else 503, _TEXT, b"ok\n" if healthy else b"the store cannot be asked\n")
    return Response(404, _TEXT, b"there are /health and /metrics\n")
