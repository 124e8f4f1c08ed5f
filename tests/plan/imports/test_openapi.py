from __future__ import annotations

import json
from typing import Any

import pytest

from loadgen.core.errors import InputError
from loadgen.plan.imports.openapi import from_openapi
from loadgen.plan.imports.schema_example import Document, example

THREE: dict[str, Any] = {
    "openapi": "3.1.0",
    "servers": [{"url": "https://{place}.example/v1", "variables": {"place": {"default": "eu"}}}],
    "paths": {
        "/items/{id}": {
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 7}},
                {"name": "page", "in": "query", "required": True, "schema": {"type": "integer"}, "example": 1},
            ],
            "get": {
                "operationId": "getItem",
                "parameters": [
                    {"name": "page", "in": "query", "required": True, "example": 2},
                    {"name": "tag", "in": "query", "schema": {"type": "string"}},
                    {"$ref": "#/components/parameters/Trace"},
                ],
            },
            "put": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}}}
            },
        },
        "/upload": {"post": {"requestBody": {"content": {"multipart/form-data": {}}}}},
    },
    "components": {
        "parameters": {"Trace": {"name": "X-Trace", "in": "header", "required": True, "example": "t1"}},
        "schemas": {
            "Item": {
                "type": "object",
                "required": ["name", "kind", "parent"],
                "properties": {
                    "name": {"type": "string", "minLength": 6},
                    "kind": {"enum": ["a", "b"]},
                    "price": {"type": "number", "example": 1.5},
                    "note": {"type": "string"},
                    "parent": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Item"}]},
                },
            }
        },
    },
}
TWO: dict[str, Any] = {
    "swagger": "2.0",
    "host": "h:81",
    "basePath": "/v2",
    "schemes": ["http"],
    "paths": {
        "/form": {"post": {"parameters": [{"name": "q", "in": "formData", "required": True, "type": "string"}]}},
        "/body": {
            "post": {
                "parameters": [
                    {
                        "name": "b",
                        "in": "body",
                        "required": True,
                        "schema": {"type": "array", "items": {"type": "integer"}},
                    }
                ]
            }
        },
    },
}


def test_reading_operations_are_taken_with_their_examples() -> None:
    found = from_openapi(THREE)

    (request,) = found.requests
    assert (request.method, request.name) == ("GET", "getItem")
    assert request.url == "https://eu.example/v1/items/7?page=2"
    assert request.headers == (("X-Trace", "t1"),)
    assert found.notes == ("2 left out because they may write (--writes takes them): PUT /items/{id}, POST /upload",)


def test_writing_operations_are_taken_when_asked_for() -> None:
    found = from_openapi(THREE, "http://127.0.0.1:8080", writes=True)

    put = found.requests[1]
    assert put.url == "http://127.0.0.1:8080/items/7?page=1"
    assert put.headers == (("Content-Type", "application/json"),)
    assert json.loads(put.body) == {"name": "textxx", "kind": "a", "price": 1.5, "parent": None}
    assert found.requests[2].body == ""
    assert found.notes == ("bodies of the type multipart/form-data are left empty: fill them in",)


def test_swagger_2_is_understood_too() -> None:
    form, body = from_openapi(TWO, writes=True).requests
    assert (form.url, form.body) == ("http://h:81/v2/form", "q=text")
    assert (body.body, body.headers) == ("[1]", (("Content-Type", "application/json"),))


@pytest.mark.parametrize(
    ("document", "base_url", "message"),
    [
        (None, "", "is no OpenAPI document"),
        ({"paths": []}, "", "is no OpenAPI document"),
        ({"paths": {}}, "", "names no whole server URL: give --base-url"),
        ({"paths": {}, "servers": [{"url": "/v1"}]}, "", "names no whole server URL"),
        ({"paths": {}}, "http://h", "no operation is left"),
        ({"paths": {"/": {"post": {}}}}, "http://h", "no operation is left: 1 left out because they may write"),
    ],
)
def test_what_cannot_be_requested_is_refused(document: object, base_url: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_openapi(document, base_url)


def test_a_schema_that_contains_itself_ends() -> None:
    schema = {"required": ["next"], "properties": {"next": {"$ref": "#/s"}}}
    value = example(Document({"s": schema}), {"$ref": "#/s"})
    depth = 0
    while value is not None:
        value, depth = value["next"], depth + 1
    assert depth == 9


def test_a_reference_into_nowhere_is_noted() -> None:
    document = Document({})
    assert example(document, {"$ref": "other.yaml#/X"}) == "text"
    assert document.notes == ["the reference other.yaml#/X leads nowhere in this document"]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "format": "date"}, "2026-01-01"),
        ({"type": "string", "maxLength": 2}, "te"),
        ({"type": ["null", "boolean"]}, True),
        ({"type": "integer", "exclusiveMinimum": 4}, 5),
        ({"type": "integer", "minimum": 4, "exclusiveMinimum": True}, 5),
        ({"type": "number", "maximum": 0.5}, 0.5),
        ({"type": "array", "minItems": 2, "items": {"const": 3}}, [3, 3]),
        ({"allOf": [{"properties": {"a": {"default": 1}}}, {"properties": {"b": {"default": 2}}}]}, {"a": 1, "b": 2}),
        ({"examples": ["x"]}, "x"),
    ],
)
def test_values_fit_their_schema(schema: dict[str, Any], value: object) -> None:
    assert example(Document({}), schema) == value
