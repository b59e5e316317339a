"""A BERT of a few hundred weights, saved as a checkpoint is: real files for the real loader."""

import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

WORDS = ("up", "down", "flat", "bitcoin", "rises", "falls")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def save_checkpoint(folder, labels, bias, places=16, seed=5):
    """Save a classifier whose answer is the softmax of `bias` and next to nothing of the text."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join((*SPECIAL, *WORDS)) + "\n")
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(SPECIAL) + len(WORDS),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=places,
        id2label=dict(enumerate(labels)),
        label2id={label: at for at, label in enumerate(labels)},
    )
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        model.classifier.bias.copy_(torch.tensor(bias))
    model.save_pretrained(folder)
    BertTokenizerFast(vocab=str(vocabulary), model_max_length=10**30).save_pretrained(folder)
    return folder
