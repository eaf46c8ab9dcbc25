"""How a page leaves: compressed, with its entity tag, and with the headers that forbid what it does not need."""

import gzip
import hashlib
from urllib.parse import parse_qsl, urlsplit

from fastapi import Request, Response

COMMON_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin-when-cross-origin"}


def page_headers(tiles_url: str | None, frame_ancestors: str, routing_url: str | None = None) -> dict[str, str]:
    """Headers of a page. frame_ancestors: who may show it in a frame (a source list of Content-Security-Policy).

    routing_url: the one other address that scripts may ask.
    """
    tiles = urlsplit(tiles_url) if tiles_url else None
    images = "'self' data:" + (f" {tiles.scheme}://{tiles.netloc.replace('{s}', '*')}" if tiles else "")
    routing = urlsplit(routing_url) if routing_url else None
    asks = f"connect-src 'self' {routing.scheme}://{routing.netloc}; " if routing else ""
    policy = (
        f"default-src 'self'; img-src {images}; {asks}object-src 'none'; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors {frame_ancestors}"
    )
    return {
        "Content-Security-Policy": policy,
        "Permissions-Policy": "geolocation=(self)",
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
    } | COMMON_HEADERS


def takes_gzip(request: Request) -> bool:
    """Whether the browser understands a compressed answer."""
    return "gzip" in request.headers.get("accept-encoding", "")


def page_answer(request: Request, body: bytes, status: int, headers: dict[str, str]) -> Response:
    """The page compressed, or 304 if the browser has it already."""
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
    headers = headers | {"ETag": etag}
    if status == 200 and etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if takes_gzip(request):
        body, headers = gzip.compress(body, 6, mtime=0), headers | {"Content-Encoding": "gzip"}
    return Response(body, status, headers, media_type="text/html; charset=utf-8")


def file_answer(request: Request, body: bytes, compressed: bytes, media_type: str, headers: dict[str, str]) -> Response:
    """A file, compressed where the browser takes it."""
    headers = headers | {"Vary": "Accept-Encoding"} | COMMON_HEADERS
    if takes_gzip(request):
        return Response(compressed, media_type=media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(body, media_type=media_type, headers=headers)


async def form_of(request: Request, most_bytes: int) -> dict[str, str] | None:
    """The fields of a sent form, the first of each name; None if it is no form, or longer than `most_bytes`."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            return None
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        return None
    return dict(reversed(pairs))
