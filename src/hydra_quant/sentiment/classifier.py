"""Any sequence-classification checkpoint through transformers: FinBERT, CryptoBERT, your own."""

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from hydra_quant.sentiment.scorers import (
    CLASSIFIER,
    Floats,
    NotLoaded,
    folder_of,
    is_folder,
    short_name,
)

BATCH = 32
MOST_TOKENS = 512
WORDS = {
    **dict.fromkeys(("positive", "pos", "bullish"), "positive"),
    **dict.fromkeys(("negative", "neg", "bearish"), "negative"),
    **dict.fromkeys(("neutral", "neu"), "neutral"),
}
HASHED = ("config.json", "*.safetensors", "*.bin", "tokenizer*", "vocab*", "*.model", "merges.txt")


class Classifier:
    """A checkpoint with a class for each mood.

    Parameters
    ----------
    model, tokenizer : of transformers, on the CPU
    name : name of the checkpoint, and what its weights are
    where : what to name in messages about its labels

    Raises
    ------
    NotLoaded
        When its labels do not tell which class is which.
    """

    family = CLASSIFIER

    def __init__(self, model: Any, tokenizer: Any, name: str, where: str) -> None:
        import torch

        self.name = name
        self.labels = read_labels(model.config.id2label, where)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model, self._tokenizer = model.eval().to(self._device), tokenizer
        # Position tables of RoBERTa and its kin hold two rows that no token may use.
        places = getattr(model.config, "max_position_embeddings", None) or MOST_TOKENS + 2
        self._most_tokens = min(MOST_TOKENS, int(tokenizer.model_max_length), places - 2)

    @classmethod
    def load(cls, model: str) -> "Classifier":
        """Load a folder, or a hub id: from its cache, and only what is not there from the hub.

        Code that comes with a checkpoint is never run.

        Raises
        ------
        NotLoaded
            One line: the model is not there, is none, or its labels say nothing.
        """
        local = is_folder(model)
        place = str(folder_of(model)) if local else model
        if local and not (Path(place) / "config.json").is_file():
            raise NotLoaded(
                f"sentiment model {place}: no config.json there; give the folder of a checkpoint "
                "or a hub id like ProsusAI/finbert"
            )
        net, tokenizer, missing = _read(place, local)
        if missing:
            raise NotLoaded(
                f"sentiment model {place}: it has no trained classifier ({missing[0]} is missing); "
                "give a sequence-classification checkpoint"
            )
        version = _hash_of(Path(place) if local else _cached(place))
        where = f"{place}/config.json" if local else f"{place}: config.json"
        return cls(net, tokenizer, f"{short_name(model)}@{version[:12]}", where)

    def score(self, texts: Sequence[str]) -> tuple[Floats, list[str]]:
        """Score texts, texts of like length together; longer ones than the model reads are cut."""
        shares = np.empty((len(texts), len(self.labels)))
        order = np.argsort([len(text) for text in texts], kind="stable")
        for begin in range(0, len(texts), BATCH):
            batch = order[begin : begin + BATCH]
            shares[batch] = self._shares([texts[at] for at in batch])
        mood = shares[:, self.labels.index("positive")] - shares[:, self.labels.index("negative")]
        likeliest = shares.argmax(axis=1)
        return np.clip(mood, -1.0, 1.0), [self.labels[at] for at in likeliest]

    def _shares(self, texts: list[str]) -> Floats:
        """Probabilities, (texts, classes)."""
        import torch

        tokens = self._tokenizer(
            texts, padding=True, truncation=True, max_length=self._most_tokens, return_tensors="pt"
        )
        with torch.inference_mode():
            logits = self._model(**tokens.to(self._device)).logits  # (texts, classes)
            shares = torch.softmax(logits.double(), dim=-1).cpu().numpy()
        return np.asarray(shares, dtype=np.float64)


def read_labels(id2label: Mapping[Any, str], where: str) -> list[str]:
    """Which class is which, by the checkpoint's own names in any order and case.

    Returns
    -------
    list of ``'positive'``, ``'negative'`` and perhaps ``'neutral'``, in the order of the outputs.

    Raises
    ------
    NotLoaded
        For names that tell nothing (``LABEL_0``), that are unknown, repeated or too few.
    """
    names = [str(id2label[key]) for key in sorted(id2label, key=int)]
    found = [WORDS.get(name.strip().lower(), "") for name in names]
    if sorted(found) not in (["negative", "positive"], ["negative", "neutral", "positive"]):
        raise NotLoaded(
            f"{where}: id2label is {json.dumps(names)}; expected positive, negative and, if there "
            "are three, neutral, in the order of the outputs: write there which class is which"
        )
    return found


def _read(place: str, local: bool) -> tuple[Any, Any, list[str]]:
    """Network, tokenizer and the weights that were not in the files."""
    try:
        from transformers.utils import logging as untyped
    except ImportError:
        raise NotLoaded(
            f"sentiment model {place}: transformers and torch are not installed: "
            "pip install transformers torch"
        ) from None
    logging: Any = untyped
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        try:
            return _pretrained(place, offline=True)
        except OSError:
            if local:
                raise
            return _pretrained(place, offline=False)
    except Exception as error:  # transformers, its hub and its formats raise all sorts
        raise NotLoaded(_why(place, local, error)) from None
    finally:
        if shown:
            logging.enable_progress_bar()


def _pretrained(place: str, *, offline: bool) -> tuple[Any, Any, list[str]]:
    from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

    options = {"local_files_only": offline, "trust_remote_code": False}
    AutoConfig.from_pretrained(place, **options)  # the small file first: it fails once and soon
    tokenizer = AutoTokenizer.from_pretrained(place, **options)
    net, found = AutoModelForSequenceClassification.from_pretrained(
        place, **options, output_loading_info=True
    )
    return net, tokenizer, sorted(found["missing_keys"])


def _why(place: str, local: bool, error: Exception) -> str:
    remedy = (
        "give the whole folder of a sequence-classification checkpoint"
        if local
        else "check the id and the network, or download it and give the folder"
    )
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    what = f"{type(error).__name__}: {said[:200]}" if said else type(error).__name__
    return f"sentiment model {place} cannot be loaded ({what}); {remedy}"


def _cached(place: str) -> Path:
    """Where the files of a hub id lie, once they have been read."""
    from transformers.utils.hub import cached_file

    return Path(str(cached_file(place, "config.json", local_files_only=True))).parent


def _hash_of(folder: Path) -> str:
    """Hash of all files that a score depends on."""
    total = sha256()
    for path in _files(folder):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                total.update(block)
        total.update(path.name.encode())
    return total.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted({path for name in HASHED for path in folder.glob(name) if path.is_file()})
