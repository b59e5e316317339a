"""OpenAI's chat completions, and every server that answers like them, through OpenAI's SDK.

Structured output is ``response_format`` of type ``json_schema``, strict
(https://platform.openai.com/docs/guides/structured-outputs).
"""

from typing import Any

from pydantic import BaseModel, Field

from hydra_quant.news.providers import exchange, safe_transport
from hydra_quant.news.providers.protocol import Answer, Prompt, ProviderError
from hydra_quant.settings import News

NAME = "openai"
MOST_TOKENS = 10**9


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int = Field(0, ge=0, le=MOST_TOKENS)
    completion_tokens: int = Field(0, ge=0, le=MOST_TOKENS)


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None  # some local servers do not count


class OpenAI:
    """Asks a model by chat completions; one HTTP request a call, no tools.

    A server that does not count tokens gives an `Answer` with 0 of them.

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
        import openai

        self.model, self._settings = settings.model, settings
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        limit = settings.timeout_seconds
        self._client = openai.OpenAI(
            api_key=safe_transport.PLACEHOLDER,
            base_url=base_url,
            timeout=limit,
            max_retries=0,
            http_client=safe_transport.client(NAME, base_url, limit, headers, key_variable),
        )

    def __repr__(self) -> str:
        return f"OpenAI({self.model!r})"

    def ask(self, prompt: Prompt) -> Answer:
        """Ask once.

        Raises
        ------
        ProviderError
        """
        body, latency_ms = exchange.asked(
            NAME,
            lambda: (
                self._client.chat.completions.with_raw_response.create(
                    **self._request(prompt)
                ).http_response
            ),
        )
        completion = exchange.shaped(NAME, _Completion, body)
        used = completion.usage or _Usage()
        text = _text(completion.choices[0])
        return Answer(text, used.prompt_tokens, used.completion_tokens, latency_ms)

    def close(self) -> None:
        """Let connections go."""
        self._client.close()

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        # OpenAI's newer models refuse the old name, many other servers do not know the new one
        limit = "max_completion_tokens" if self._settings.base_url is None else "max_tokens"
        request: dict[str, Any] = {
            "model": self.model,
            limit: prompt.most_tokens,
            "messages": [
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.user},
            ],
        }
        if self._settings.temperature is not None:
            request["temperature"] = self._settings.temperature
        if self._settings.structured:
            form = {"name": "verdicts", "strict": True, "schema": prompt.schema}
            request["response_format"] = {"type": "json_schema", "json_schema": form}
        return request


def _text(choice: _Choice) -> str:
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise ProviderError("refused", f"{NAME}: the model refuses to answer")
    if choice.finish_reason == "length":
        what = "the answer was cut at its limit, raise hydra.news.answer_tokens"
        raise ProviderError("cut", f"{NAME}: {what}")
    if not (choice.message.content or "").strip():
        raise ProviderError("empty", f"{NAME}: the answer holds no text")
    return choice.message.content or ""
