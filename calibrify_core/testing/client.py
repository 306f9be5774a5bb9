"""A client of the API that checks every answer against the API's own description."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from webtest import TestApp, TestResponse

from calibrify_core.api.openapi import REF

BASE = "/api/v1/"
DOCUMENT = "/api/v1/openapi.json"
HTTPS = {"wsgi.url_scheme": "https", "HTTP_HOST": "localhost", "REMOTE_ADDR": "127.0.0.1"}
# Answers that any address may give, whether or not anything is there.
ANYWHERE = frozenset({"400", "401", "404", "405", "413", "429", "500", "503"})
PARAMETER = re.compile(r"\\\{(\w+)\\\}")


class Undescribed(AssertionError):
    """An answer that the OpenAPI document does not foresee."""


class ApiClient(TestApp):  # type: ignore[misc]
    """WebTest over https, with a token, and with every answer of the API validated.

    Args:
        app: the WSGI application.
        token: access token or API token of who asks, None for nobody.
        document: the OpenAPI document, asked for when it is needed.
    """

    def __init__(
        self, app: Any, token: str | None = None, document: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(app, extra_environ=dict(HTTPS))
        self.token = token
        if token is not None:
            self.authorization = ("Bearer", token)
        self._document = document
        self._validators: dict[tuple[str, str, str], Any] = {}
        self._paths: list[tuple[re.Pattern[str], str]] = []

    def signed_in(self, token: str | None) -> ApiClient:
        """Returns a client of somebody else to the same application."""
        client = ApiClient(self.app, token, self.document)
        client._paths, client._validators = self._paths, self._validators
        return client

    @property
    def document(self) -> Mapping[str, Any]:
        """The OpenAPI document of the application."""
        if self._document is None:
            self._document = TestApp(self.app, extra_environ=dict(HTTPS)).get(DOCUMENT).json
        return self._document

    def do_request(self, req: Any, *args: Any, **kwargs: Any) -> TestResponse:
        """Sends a request and validates the answer.

        Raises:
            Undescribed: the answer is not what the document says.
        """
        response = super().do_request(req, *args, **kwargs)
        path = req.environ["PATH_INFO"]
        if path.startswith(BASE) and path != DOCUMENT:
            self.validate(req.method, path, response)
        return response

    def validate(self, method: str, path: str, response: TestResponse) -> None:
        """Checks one answer.

        Args:
            method: of the request.
            path: of the request.
            response: what came back.

        Raises:
            Undescribed: the answer is not what the document says.
        """
        status = str(response.status_int)
        here = f"{method} {path} answered {status}"
        for header in ("X-Request-Id", "X-Content-Type-Options"):
            if header not in response.headers:
                raise Undescribed(f"{here} without {header}")
        template = self._template(path)
        operation = self.document["paths"].get(template, {}).get(_verb(method))
        answer = (operation or {}).get("responses", {}).get(status)
        if answer is None:
            if status not in ANYWHERE and method != "OPTIONS":
                raise Undescribed(f"{here}, which its description does not foresee")
            answer = {} if response.status_int < 400 else _problem()
        content = answer.get("content", {})
        if not response.body or method == "HEAD":
            if content and status not in {"204", "304"} and method != "HEAD":
                raise Undescribed(f"{here} with an empty body")
            return
        if "*/*" in content and response.status_int < 400:
            return
        if response.content_type not in content:
            raise Undescribed(f"{here} as {response.content_type}, not as {list(content)}")
        if "json" in response.content_type:
            schema = content[response.content_type]["schema"]
            self._check(here, (template or "", _verb(method), status), schema, response.json)

    def _template(self, path: str) -> str | None:
        """Returns the described path that an actual one is an instance of."""
        if not path.endswith("/") and "." not in path.rsplit("/", 1)[-1]:
            path += "/"
        if not self._paths:
            self._paths += [
                (re.compile(PARAMETER.sub(r"[^/]+", re.escape(template))), template)
                for template in sorted(self.document["paths"], key=lambda one: "{" in one)
            ]
        return next((name for pattern, name in self._paths if pattern.fullmatch(path)), None)

    def _check(self, here: str, key: tuple[str, str, str], schema: Any, body: Any) -> None:
        """Validates a body against a schema of the document."""
        validator = self._validators.get(key)
        if validator is None:
            whole = {**schema, "components": self.document["components"]}
            validator = Draft202012Validator(whole, format_checker=FormatChecker())
            self._validators[key] = validator
        problems = [
            f"{'/'.join(str(part) for part in error.absolute_path) or 'body'}: {error.message}"
            for error in validator.iter_errors(body)
        ]
        if problems:
            raise Undescribed(f"{here}: {'; '.join(problems[:5])}")


def _verb(method: str) -> str:
    """Returns the method under which the document describes a request."""
    return "get" if method == "HEAD" else method.lower()


def _problem() -> dict[str, Any]:
    """Returns the answer of an error that any address may give."""
    return {"content": {"application/problem+json": {"schema": {"$ref": f"{REF}Problem"}}}}
