# HYDRA on freqtrade's own image with FreqAI and reinforcement learning.
#   docker compose up
FROM freqtradeorg/freqtrade:2026.9_freqairl

USER root
RUN install --directory --owner=ftuser --group=ftuser /hydra /hydra/user_data
USER ftuser
WORKDIR /hydra

COPY --chown=ftuser:ftuser pyproject.toml constraints.txt README.md LICENSE ./
COPY --chown=ftuser:ftuser src ./src

# The image pins freqtrade's own dependencies; only what HYDRA adds to them is pinned here.
RUN grep -E '^(defusedxml|feedparser|feedparser-sgmllib|llvmlite|narwhals|numba|oauthlib|plotly|praw|prawcore|psycopg|psycopg-binary|pyrate-limiter|requests-oauthlib|tenacity|tweepy|update_checker|websocket-client)==' constraints.txt > hydra-pins.txt \
  && pip install --user --no-cache-dir --constraint hydra-pins.txt .

COPY --chown=ftuser:ftuser config.json ./
COPY --chown=ftuser:ftuser hydra_strategies ./hydra_strategies
COPY --chown=ftuser:ftuser freqaimodels ./freqaimodels
COPY --chown=ftuser:ftuser user_data/hyperopts ./user_data/hyperopts
COPY --chown=ftuser:ftuser user_data/sandbox.json ./user_data/sandbox.json

ENTRYPOINT ["freqtrade"]
CMD ["trade", "--config", "config.json"]
