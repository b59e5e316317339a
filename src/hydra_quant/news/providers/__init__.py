"""Those who are asked: one small protocol, one file a provider."""

from hydra_quant.news.providers.protocol import Answer, Prompt, Provider, ProviderError

__all__ = ["Answer", "Prompt", "Provider", "ProviderError"]
