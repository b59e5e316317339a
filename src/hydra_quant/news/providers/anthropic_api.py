"""Anthropic's Messages API, through its own SDK.

Structured output is ``output_config.format``
(https://platform.claude.com/docs/en/build-with-claude/structured-outputs).
"""

from typing import Any

from pydantic import BaseModel, Field

from hydra_quant.news.providers import exchange, safe_transport
from hydra_quant.news.providers.protocol import Answer, Prompt, ProviderError
from hydra_quant.settings import News

NAME = "anthropic"
MOST_TOKENS = 10**9


class _Block(BaseModel):
    type: str
    text: str = ""


class _Usage(BaseModel):
    input_tokens: int = Field(ge=0, le=MOST_TOKENS)
    output_tokens: int = Field(ge=0, le=MOST_TOKENS)


class _Message(BaseModel):
    content: list[_Block]
    stop_reason: str | None
    usage: _Usage


class Anthropic:
    """Asks a model by the Messages API; one HTTP request a call, no tools.

    Parameters
    ----------
    settings : News
    base_url : str
    key : str or None
        None: a server that wants none.
    key_variable : str or None
        Where the key came from, for errors.
    """

    name = NAME

    def __init__(
        self, settings: News, base_url: str, key: str | None, key_variable: str | None = None
    ) -> None:
        import anthropic

        self.model, self._settings = settings.model, settings
        headers = {} if key is None else {"x-api-key": key}
        limit = settings.timeout_seconds
        self._client = anthropic.Anthropic(
            api_key=safe_transport.PLACEHOLDER,
            base_url=base_url,
            timeout=limit,
            max_retries=0,
            open_telemetry=False,
            http_client=safe_transport.client(NAME, base_url, limit, headers, key_variable),
        )

    def __repr__(self) -> str:
        return f"Anthropic({self.model!r})"

    def ask(self, prompt: Prompt) -> Answer:
        """Ask once.

        Raises
        ------
        ProviderError
        """
        body, latency_ms = exchange.asked(
            NAME,
            lambda: (
                self._client.messages.with_raw_response.create(
                    **self._request(prompt)
                ).http_response
            ),
        )
        message = exchange.shaped(NAME, _Message, body)
        text = "".join(block.text for block in message.content if block.type == "text")
        _check(message.stop_reason, text)
        return Answer(text, message.usage.input_tokens, message.usage.output_tokens, latency_ms)

    def close(self) -> None:
        """Let connections go."""
        self._client.close()

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self.model,
            "max_tokens": prompt.most_tokens,
            "system": prompt.system,
            "messages": [{"role": "user", "content": prompt.user}],
        }
        if self._settings.temperature is not None:
            # the SDK has no argument for it since its newest models take none; older ones do
            request["extra_body"] = {"temperature": self._settings.temperature}
        if self._settings.structured:
            form = {"type": "json_schema", "schema": prompt.schema}
            request["output_config"] = {"format": form}
        return request


def _check(stop_reason: str | None, text: str) -> None:
    if stop_reason == "refusal":
        raise ProviderError("refused", f"{NAME}: the model refuses to answer")
    if stop_reason in ("max_tokens", "model_context_window_exceeded"):
        what = "the answer was cut at its limit, raise hydra.news.answer_tokens"
        raise ProviderError("cut", f"{NAME}: {what}")
    if not text.strip():
        raise ProviderError("empty", f"{NAME}: the answer holds no text")
