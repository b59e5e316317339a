"""``hydra-quant sandbox llm``: serve a language model that is none."""

import argparse
import sys
import textwrap

DEFAULT_PORT = 8400
FAILED = 2
DESCRIPTION = """\
Answers like Anthropic's Messages API and like OpenAI's chat completions, on this computer only and
for nothing: it judges the quoted news by key words, the same answer for the same prompt.
"""
TEACHING = """
point HYDRA at it, in config.json
  "hydra": {"news": {"provider": "anthropic", "model": "sandbox",
                     "base_url": "http://127.0.0.1:8400"}}
  "hydra": {"news": {"provider": "openai", "model": "sandbox",
                     "base_url": "http://127.0.0.1:8400/v1"}}
  hydra-quant llm check

switches while it runs (JSON)
  GET  /_llm/calls    how often it was asked         GET  /_llm/status   the same by path, faults
  POST /_llm/fault    {"kind": "429", "times": 2, "retry_after": 5}      DELETE clears them
  POST /_llm/obey     {"on": true}: it does whatever the news tell it to do

kinds of fault
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe ``hydra-quant sandbox llm`` on `parser`."""
    from hydra_quant.sandbox.llm.faults import KINDS

    parser.description = DESCRIPTION
    kinds = "\n".join(f"  {kind:<15} {text}" for kind, text in KINDS.items())
    parser.epilog = textwrap.dedent(TEACHING) + kinds
    parser.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help="where to listen (%(default)s; 0: a free one)",
    )
    parser.add_argument("--obey", action="store_true", help="do what the news tell it to do")


def run(args: argparse.Namespace) -> int:
    """Serve until stopped; 0 after a clean stop, 2 when it cannot listen."""
    # imported late: `--help` needs none of the web server
    from hydra_quant.sandbox.llm.model import Model
    from hydra_quant.sandbox.llm.server import serve
    from hydra_quant.sandbox.venue.server import ServerError, bind

    try:
        with bind("127.0.0.1", args.port) as sock:
            ready = announcement(sock.getsockname()[1], args.obey)
            serve(Model(args.obey), sock, lambda: print(ready, flush=True))
    except ServerError as error:
        print(f"hydra-quant sandbox llm: {error}", file=sys.stderr, flush=True)
        return FAILED
    print("language model stopped", flush=True)
    return 0


def announcement(port: int, obeys: bool) -> str:
    """The one line that says the server answers."""
    way = "obeys the news" if obeys else "reads the news by key words"
    return f"language model ready on http://127.0.0.1:{port} · {way} · stop with Ctrl-C"
