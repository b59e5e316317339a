"""``hydra-quant sandbox llm`` as a process: it says when it is ready, answers, and stops."""

import re
import signal
import subprocess
import sys

import httpx


def test_it_serves_until_it_is_told_to_stop():
    process = subprocess.Popen(
        [sys.executable, "-m", "hydra_quant.cli", "sandbox", "llm", "--port", "0", "--obey"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        ready = process.stdout.readline()
        url = re.search(r"http://\S+", ready).group()
        assert httpx.get(f"{url}/_llm/status", trust_env=False).json()["obeys"] is True
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, out, err) == (0, "language model stopped\n", "")
