"""How the two providers write an answer and a refusal.

https://platform.claude.com/docs/en/api/messages and
https://platform.openai.com/docs/api-reference/chat/create, with their errors.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

Style = Literal["anthropic", "openai"]
PATHS: dict[str, Style] = {
    "/v1/messages": "anthropic",
    "/v1/chat/completions": "openai",
    "/chat/completions": "openai",  # for a base address without /v1
}
LETTERS_A_TOKEN = 4
_KINDS = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
    404: "not_found_error", 429: "rate_limit_error", 529: "overloaded_error",
}  # fmt: skip


class BadRequest(ValueError):
    """A request that the provider would refuse with 400."""


@dataclass(frozen=True)
class Asked:
    """A request, whoever's style it has.

    Attributes
    ----------
    style : 'anthropic' or 'openai'
    model : str
    prompt : str
        System and user text.
    user : str
        User text alone.
    schema : dict or None
        Of the structured output that was asked for.
    temperature : float or None
    most_tokens : int
    """

    style: Style
    model: str
    prompt: str
    user: str
    schema: Mapping[str, Any] | None
    temperature: float | None
    most_tokens: int


def read_request(style: Style, body: Any) -> Asked:
    """Read a request's body.

    Raises
    ------
    BadRequest
        One line, as the provider would say it.
    """
    if not isinstance(body, dict):
        raise BadRequest("the body is not a JSON object")
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise BadRequest("model: Field required")
    if body.get("stream"):
        raise BadRequest("stream: not served here")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages: Field required")
    limit = _limit(style, body)
    texts = [(str(one.get("role")), str(one.get("content"))) for one in messages]
    user = "\n".join(text for role, text in texts if role == "user")
    system = str(body.get("system") or "")
    prompt = "\n".join([system, *(text for _, text in texts)])
    schema = _schema(style, body)
    return Asked(style, body["model"], prompt, user, schema, _temperature(style, body), limit)


def _limit(style: Style, body: Mapping[str, Any]) -> int:
    limit = body.get("max_tokens", body.get("max_completion_tokens"))
    if limit is None and style == "openai":
        return 4096
    if not isinstance(limit, int) or limit < 1:
        raise BadRequest("max_tokens: Field required, a whole number from 1")
    return limit


def _temperature(style: Style, body: Mapping[str, Any]) -> float | None:
    value, most = body.get("temperature"), 1 if style == "anthropic" else 2
    if value is None:
        return None
    if not isinstance(value, int | float) or not 0 <= value <= most:
        raise BadRequest(f"temperature: range: 0..{most}")
    return float(value)


def _schema(style: Style, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    name = "output_config" if style == "anthropic" else "response_format"
    found = body.get(name) or {}
    form = (found.get("format") or {}) if style == "anthropic" else found
    if form.get("type") != "json_schema":
        return None
    holder = form if style == "anthropic" else form.get("json_schema") or {}
    schema = holder.get("schema")
    if not isinstance(schema, dict):
        raise BadRequest(f"{name}: schema is missing")
    for part in _objects(schema):
        if part.get("additionalProperties") is not False:
            raise BadRequest(f"{name}: 'additionalProperties' must be false for every object")
        if set(part.get("required", [])) != set(part.get("properties", {})):
            raise BadRequest(f"{name}: 'required' must name every property")
    return schema


def _objects(schema: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for part in schema.values():
            yield from _objects(part)
    if isinstance(schema, list):
        for part in schema:
            yield from _objects(part)


def tokens(text: str) -> int:
    """An estimate; the real tokenizers are the providers' own."""
    return len(text) // LETTERS_A_TOKEN + 1


def write_answer(asked: Asked, text: str, number: int, stop: str = "end") -> dict[str, Any]:
    """An answer's body.

    Parameters
    ----------
    asked : Asked
    text : str
    number : int
        Of the call; the answer's id is made of it and of the prompt.
    stop : 'end', 'cut' or 'refusal'
    """
    tag = sha256(f"{number}\n{asked.prompt}".encode()).hexdigest()[:24]
    read, written = tokens(asked.prompt), tokens(text)
    if asked.style == "anthropic":
        reasons = {"end": "end_turn", "cut": "max_tokens", "refusal": "refusal"}
        return {
            "id": f"msg_{tag}", "type": "message", "role": "assistant", "model": asked.model,
            "content": [{"type": "text", "text": text}] if text else [],
            "stop_reason": reasons[stop], "stop_sequence": None,
            "usage": {"input_tokens": read, "output_tokens": written},
        }  # fmt: skip
    reasons = {"end": "stop", "cut": "length", "refusal": "stop"}
    refused = "I cannot help with that." if stop == "refusal" else None
    message = {"role": "assistant", "content": None if refused else text, "refusal": refused}
    choice = {"index": 0, "message": message, "finish_reason": reasons[stop], "logprobs": None}
    return {
        "id": f"chatcmpl-{tag}", "object": "chat.completion", "created": 0, "model": asked.model,
        "choices": [choice],
        "usage": {
            "prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written
        },
    }  # fmt: skip


def write_error(style: Style, status: int, message: str) -> dict[str, Any]:
    """A refusal's body."""
    kind = _KINDS.get(status, "api_error")
    if style == "anthropic":
        return {"type": "error", "error": {"type": kind, "message": message}}
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}
