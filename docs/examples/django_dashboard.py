"""A dashboard of several people, made with Django: uvicorn django_dashboard:app

In a project of yours the settings and views are where they are; what counts is `kit_for`, and `app` in ``asgi.py``.
"""

import secrets
from pathlib import Path

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount
from tokenkit import TokenKit
from tokenkit.web import authorize_app

settings.configure(
    SECRET_KEY=secrets.token_urlsafe(),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
)
django = get_asgi_application()

ASKS = {"google": ["gmail.readonly"], "spotify": []}


def sign_in(request: HttpRequest, name: str) -> HttpResponse:
    """Stand in for your sign-in, which would ask for a proof."""
    request.session["user"] = name
    return HttpResponse(f"You are {name}.")


def page(request: HttpRequest) -> HttpResponse:
    """The dashboard itself, with two buttons on it."""
    return HttpResponse(Path(__file__).with_name("page.html").read_text("utf-8"))


urlpatterns = [path("", page), path("sign-in/<name>", sign_in)]

kit = TokenKit()


def kit_for(request: Request) -> TokenKit | None:
    """The accounts of the person whose Django session this is; None where nobody is signed in."""
    from django.contrib.sessions.backends.signed_cookies import SessionStore

    user = SessionStore(request.cookies.get(settings.SESSION_COOKIE_NAME)).get("user")
    return kit.for_owner(user) if user else None


app = Starlette(routes=[Mount("/connect", authorize_app(kit_for=kit_for, asks=ASKS)), Mount("/", django)])
