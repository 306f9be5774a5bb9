"""The OpenAPI document (3.1), made from Pyramid's introspector and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from calibrify_core.api.endpoint import PARAMETER, PUBLIC, Endpoint, OpenShape
from calibrify_core.api.upload import MAX_TEXT
from calibrify_core.auth.permissions import EVERYBODYS
from calibrify_core.kernel import errors
from calibrify_core.records.listing import MAX_LIMIT, RANGED, Kind, ListField, ListSpec
from calibrify_core.work.platform import Platform

VERSION = "3.1.0"
REF = "#/components/schemas/"
Json = dict[str, Any]
Side = tuple[type[BaseModel], JsonSchemaMode]

PROBLEM: Json = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
                "additionalProperties": False,
            },
        },
        "allowed": {"type": "array", "items": {"type": "string"}},
    },
}

_LIST_KINDS: Mapping[Kind, Json] = {
    Kind.IDENTIFIER: {"type": "string", "format": "uuid"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.MOMENT: {"type": "string", "format": "date-time"},
    Kind.INTEGER: {"type": "integer"},
    Kind.BOOLEAN: {"type": "boolean"},
}


def build(endpoints: Iterable[Endpoint], platform: Platform) -> Json:
    """Returns the document of the given endpoints.

    Args:
        endpoints: all of the application.
        platform: whose plugins are named in it.
    """
    found = list(endpoints)
    schemas = _Schemas(found, platform)
    paths: dict[str, Json] = {}
    for endpoint in found:
        operation = _operation(endpoint, schemas, platform)
        paths.setdefault(endpoint.address, {})[endpoint.method.lower()] = operation
    return {
        "openapi": VERSION,
        "info": {
            "title": "Calibrify",
            "version": platform.plugins.all[0].version,
            "description": "Calibration management. Measured values are decimal strings.",
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": noun} for noun in sorted({endpoint.noun for endpoint in found})],
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM, **schemas.components},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


class _Schemas:
    """The schemas of all bodies, each under a name of its own."""

    def __init__(self, endpoints: Iterable[Endpoint], platform: Platform) -> None:
        self._platform = platform
        wanted: dict[Side, None] = {}
        for endpoint in endpoints:
            if endpoint.body is not None:
                wanted[endpoint.body, "validation"] = None
            if endpoint.out is not None:
                wanted[_base(endpoint.out), "serialization"] = None
            if endpoint.query is not None:
                wanted[endpoint.query, "validation"] = None
        self.references, described = _described(tuple(wanted))
        self.components: Json = deepcopy(described)

    def incoming(self, model: type[BaseModel]) -> Json:
        """Returns the reference to the schema of a request body."""
        return dict(self.references[model, "validation"])

    def outgoing(self, out: type[BaseModel] | OpenShape, *, sparse: bool = False) -> Json:
        """Returns the reference to the schema of a response body.

        Args:
            out: what comes back.
            sparse: members may be left out, as in a list with ``fields=``.
        """
        reference = dict(self.references[_base(out), "serialization"])
        name = reference["$ref"].removeprefix(REF)
        schema = self.components[name]
        if isinstance(out, OpenShape):
            properties = schema["properties"]
            for member, described in out.members(self._platform).items():
                properties.setdefault(member, dict(described))
        if not sparse:
            return reference
        row = f"{name}Row"
        self.components[row] = {key: value for key, value in schema.items() if key != "required"}
        return {"$ref": REF + row}

    def members(self, model: type[BaseModel]) -> Json:
        """Returns the members of a schema, for a query."""
        name = self.references[model, "validation"]["$ref"].removeprefix(REF)
        properties: Json = self.components[name].get("properties", {})
        return properties


@lru_cache(maxsize=8)
def _described(wanted: tuple[Side, ...]) -> tuple[Mapping[Any, Json], Json]:
    """Returns the references of models, and their schemas; the same models are described once."""
    references, described = models_json_schema(wanted, ref_template=REF + "{model}")
    return references, described.get("$defs", {})


def _base(out: type[BaseModel] | OpenShape) -> type[BaseModel]:
    """Returns the model behind what comes back."""
    return out.base if isinstance(out, OpenShape) else out


def _operation(endpoint: Endpoint, schemas: _Schemas, platform: Platform) -> Json:
    """Returns the description of one endpoint."""
    operation: Json = {
        "operationId": endpoint.name,
        "tags": [endpoint.noun],
        "summary": endpoint.summary,
        "parameters": [
            *_path_parameters(endpoint),
            *_query_parameters(endpoint, schemas, platform),
            *_header_parameters(endpoint),
        ],
        "responses": _responses(endpoint, schemas),
    }
    if endpoint.permission == PUBLIC:
        operation["security"] = []
    else:
        operation["security"] = [{"bearer": []}]
        if endpoint.permission not in EVERYBODYS:
            operation["x-permission"] = endpoint.permission
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": not endpoint.body_may_be_empty,
            "content": {"application/json": {"schema": schemas.incoming(endpoint.body)}},
        }
    if endpoint.upload is not None:
        operation["requestBody"] = _multipart(endpoint.upload)
    return operation


def _multipart(fields: Mapping[str, str]) -> Json:
    """Returns the description of an upload."""
    properties: Json = {"file": {"type": "string", "contentMediaType": "application/octet-stream"}}
    for name, description in fields.items():
        properties[name] = {"type": "string", "maxLength": MAX_TEXT, "description": description}
    schema = {"type": "object", "required": ["file"], "properties": properties}
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def _path_parameters(endpoint: Endpoint) -> list[Json]:
    """Returns the parameters that stand in the path."""
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"} if kind else {"type": "string"},
        }
        for name, kind in PARAMETER.findall(endpoint.path)
    ]


def _header_parameters(endpoint: Endpoint) -> list[Json]:
    """Returns the headers that an endpoint looks at."""
    found = []
    if endpoint.method == "GET" and endpoint.verb == "read":
        found.append(_header("If-None-Match", "The ETag of what the caller has already."))
    if endpoint.verb in {"replace", "change", "delete"}:
        found.append(
            _header(
                "If-Match",
                "The ETag of the version to change, or *.",
                required=endpoint.version_required,
            )
        )
    if endpoint.method == "POST" and endpoint.idempotent and endpoint.permission != PUBLIC:
        found.append(_header("Idempotency-Key", "Makes a repetition harmless for 24 hours."))
    return found


def _header(name: str, description: str, *, required: bool = False) -> Json:
    """Returns the description of one header."""
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": {"type": "string"},
    }


def _query_parameters(endpoint: Endpoint, schemas: _Schemas, platform: Platform) -> list[Json]:
    """Returns the parameters of the query."""
    if endpoint.listing is not None:
        return _list_parameters(endpoint.listing(platform))
    if endpoint.query is None:
        return []
    required = {name for name, f in endpoint.query.model_fields.items() if f.is_required()}
    return [
        _parameter(name, schema, required=name in required)
        for name, schema in schemas.members(endpoint.query).items()
    ]


def _parameter(name: str, schema: Json, *, required: bool = False, about: str = "") -> Json:
    """Returns the description of one parameter of the query."""
    found: Json = {"name": name, "in": "query", "required": required, "schema": schema}
    if about:
        found["description"] = about
    return found


def _list_parameters(spec: ListSpec) -> list[Json]:
    """Returns the parameters that a list understands."""
    found = []
    if spec.paged:
        found = [
            _parameter("limit", {"type": "integer", "minimum": 1}, about=f"At most {MAX_LIMIT}."),
            _parameter("cursor", {"type": "string"}, about="From `next` or `previous`."),
            _parameter("count", {"type": "boolean"}, about="Adds `count`, exactly."),
            _parameter("fields", {"type": "string"}, about="Names with commas between them."),
        ]
    orderable = sorted(name for name, item in spec.fields.items() if item.orderable)
    if orderable:
        about = f"At most three of {', '.join(orderable)}; - in front turns one round."
        found.append(_parameter("ordering", {"type": "string"}, about=about))
    if spec.search is not None:
        found.append(_parameter("q", {"type": "string", "maxLength": 200}, about="Words."))
    for name, item in sorted(spec.fields.items()):
        if item.filterable and (item.column is not None or item.matches is not None):
            found += _filters(name, item)
    return found


def _filters(name: str, item: ListField) -> list[Json]:
    """Returns the parameters of one field of a list."""
    one = dict(_LIST_KINDS.get(item.kind, {"type": "string"}))
    if item.choices:
        one["enum"] = list(item.choices)
    found = [_parameter(name, {"type": "array", "items": one}, about=item.label)]
    if item.kind in RANGED:
        found += [_parameter(f"{name}_from", one), _parameter(f"{name}_to", one)]
    return found


def _responses(endpoint: Endpoint, schemas: _Schemas) -> Json:
    """Returns what an endpoint answers, in success and otherwise."""
    responses: Json = {str(endpoint.status): _success(endpoint, schemas)}
    statuses = {400, 429, 503}
    if endpoint.permission != PUBLIC:
        statuses |= {401, 403}
    if endpoint.ids:
        statuses |= {404}
    statuses |= {422}
    if endpoint.method in {"POST", "PUT", "PATCH"}:
        statuses |= {413, 415}
    if endpoint.method not in {"GET", "HEAD"}:
        statuses |= {409}
    if endpoint.verb in {"replace", "change", "delete"}:
        statuses |= {412, 428}
    if endpoint.method == "GET" and endpoint.verb == "read":
        responses["304"] = {"description": "The caller has it already."}
    statuses |= {kind.status for kind in endpoint.errors}
    for status in sorted(statuses):
        responses[str(status)] = {
            "description": _phrase(status),
            "content": {"application/problem+json": {"schema": {"$ref": REF + "Problem"}}},
        }
    return responses


def _success(endpoint: Endpoint, schemas: _Schemas) -> Json:
    """Returns the answer of success."""
    answer: Json = {"description": endpoint.summary or "Done."}
    if endpoint.media_type != "application/json":
        answer["content"] = {endpoint.media_type: {"schema": {"type": "string"}}}
    elif endpoint.out is not None:
        schema = schemas.outgoing(endpoint.out, sparse=endpoint.listing is not None)
        if endpoint.plural:
            schema = _page(schema)
        answer["content"] = {"application/json": {"schema": schema}}
    return answer


def _page(row: Json) -> Json:
    """Returns the schema of a page of rows."""
    path = {"type": ["string", "null"]}
    return {
        "type": "object",
        "required": ["results", "next", "previous"],
        "properties": {
            "results": {"type": "array", "items": row},
            "next": path,
            "previous": path,
            "count": {"type": "integer"},
        },
        "additionalProperties": False,
    }


def _phrase(status: int) -> str:
    """Returns what a status means: our own title where we have one."""
    for kind in errors.CalibrifyError.__subclasses__():
        if kind.status == status:
            return kind.title
    return HTTPStatus(status).phrase
