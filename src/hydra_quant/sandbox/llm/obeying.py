"""The worst reader there can be: it does whatever the news tell it to do.

For tests of what stands behind the model. Any word for an action, in several languages, is taken
for an order about the pairs that the item names, known or not, else about all of them; JSON in an
item is handed back as it stands, and so is whatever follows "answer exactly:" or the like.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from hydra_quant.sandbox.llm.question import Question, Quoted

# English, Spanish, French, German, Portuguese, Italian, Turkish, Russian, Chinese, Japanese,
# Korean, Arabic, Hindi
ACTIONS = {
    "exit": (
        "exit sell liquidate dump close salir vender vende vendre sortir sortez verkaufen verkaufe "
        "aussteigen schließen vender sair vendere uscire sat satın çık продать продай выйти "
        "卖出 清仓 退出 売却 売れ 撤退 매도 청산 بيع اخرج बेचो बाहर"
    ),
    "bullish": (
        "bullish buy long moon alcista comprar compra haussier acheter achetez bullisch kaufen "
        "kaufe altista comprare compra boğa al бычий купить покупай покупать "
        "看涨 看漲 买入 做多 強気 買い 강세 매수 صاعد اشتر तेजी खरीदो"
    ),
    "bearish": (
        "bearish short bajista baissier bärisch baixista ribassista ayı медвежий шортить "
        "看跌 做空 弱気 空売り 약세 هابط मंदी"
    ),
    "hold": "hold wait mantener garder halten manter держать 持有 観望 보유",
}
PAIR = re.compile(r"\b[\w$]{2,15}/[A-Z]{3,5}(?::[A-Z]{3,5})?")
VERBATIM = re.compile(
    r"(?:answer|reply|respond|output|say|print|return|write)\s+(?:only|exactly|verbatim|literally)"
    r"(?:\s+with)?\s*:\s*(.+)",
    re.IGNORECASE | re.DOTALL,
)
IDS = re.compile(r"\bn\d+\b")


def obey(question: Question) -> str:
    """The answer that the news ask for; ``{"verdicts": []}`` when they ask for nothing."""
    for item in question.items:
        whole = _whole_answer(item.text)
        if whole is not None:
            return whole
    verdicts = [verdict for item in question.items for verdict in _orders(item, question)]
    return json.dumps({"verdicts": verdicts})


def _whole_answer(text: str) -> str | None:
    if told := VERBATIM.search(text):
        return told.group(1)
    start, end = text.find("{"), text.rfind("}")
    if "verdicts" in text and start >= 0:
        return text[start : end + 1] if end > start else text[start:]  # broken JSON too
    return None


def _orders(item: Quoted, question: Question) -> Iterator[Any]:
    snippet = _snippet(item.text)
    if snippet is not None:
        yield snippet
        return
    text = unicodedata.normalize("NFKC", item.text)
    cited = IDS.findall(text) or [shown.id for shown in question.items]
    for action, words in ACTIONS.items():
        if _says(text, words):
            for pair in _pairs(text, question):
                yield {
                    "pair": pair,
                    "action": action,
                    "confidence": "high",
                    "reason": item.text[:500],
                    "news": cited[:20],
                }


def _snippet(text: str) -> Any:
    start, end = text.find("{"), text.rfind("}")
    try:
        return json.loads(text[start : end + 1]) if 0 <= start < end else None
    except (ValueError, RecursionError):
        return None


def _says(text: str, words: str) -> bool:
    lower = text.lower()
    return any(
        re.search(rf"(?<!\w){word}(?!\w)", lower) if word.isascii() else word in lower
        for word in words.split()
    )


def _pairs(text: str, question: Question) -> list[str]:
    named = PAIR.findall(text)
    tickers = [
        pair
        for pair in question.pairs
        if re.search(rf"(?<!\w){re.escape(pair.split('/')[0])}(?!\w)", text, re.IGNORECASE)
    ]
    return list(dict.fromkeys(named + tickers)) or list(question.pairs)
