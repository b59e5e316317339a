"""What the project's own files name exists, and what they must not hold is not in them."""

import ast
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
from argparse import ArgumentParser
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import hydra_quant
from hydra_quant.cli import COMMANDS
from hydra_quant.demo.command import add_arguments

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SCANNED = ("hydra_strategies", "freqaimodels", "user_data/hyperopts")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONFIG = json.loads((ROOT / "config.json").read_text())


def text(path):
    return (ROOT / path).read_text()


def tracked():
    """Names of all tracked files; the tests of what they hold need a checkout."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def scanned_files():
    return [path for folder in SCANNED for path in sorted((ROOT / folder).glob("*.py"))]


# --- container ------------------------------------------------------------------------------------


def instructions():
    """The Dockerfile as (instruction, arguments), continued lines joined."""
    joined = text("Dockerfile").replace("\\\n", " ")
    lines = [line.strip() for line in joined.splitlines()]
    found = [line.split(None, 1) for line in lines if line and not line.startswith("#")]
    return [(name, arguments) for name, arguments in found]


def arguments(name):
    return [given for instruction, given in instructions() if instruction == name]


def copied():
    """Sources of every COPY."""
    for line in arguments("COPY"):
        *sources, _ = [part for part in line.split() if not part.startswith("--")]
        yield from sources


def test_everything_the_image_copies_exists_and_is_sent_to_the_builder():
    sent = [line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")]
    sources = list(copied())
    assert len(sources) >= 8
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(source == kept or source.startswith(kept + "/") for kept in sent), source
    assert all((ROOT / kept).exists() for kept in sent)


def test_the_image_copies_everything_that_a_run_and_an_install_need():
    sources = set(copied())
    assert {"src", "config.json", "constraints.txt", "pyproject.toml", *SCANNED} <= sources
    assert PROJECT["readme"] in sources
    assert set(PROJECT["license-files"]) <= sources


def test_the_image_runs_freqtrade_unprivileged_on_the_configuration_it_copies():
    assert arguments("ENTRYPOINT") == ['["freqtrade"]']
    command = json.loads(arguments("CMD")[0])
    assert command[0] == "trade"
    assert command[command.index("--config") + 1] in set(copied())
    assert arguments("USER")[-1] == "ftuser"


def test_the_image_is_of_the_freqtrade_release_that_is_pinned():
    (image,) = arguments("FROM")
    assert image == f"freqtradeorg/freqtrade:{version('freqtrade')}_freqairl"


def test_the_pins_that_the_image_takes_are_there():
    (pattern,) = re.findall(r"grep -E '([^']+)' constraints\.txt", text("Dockerfile"))
    names = re.search(r"\((.*)\)", pattern)[1].split("|")
    pinned = [line for line in text("constraints.txt").splitlines() if re.match(pattern, line)]
    assert sorted(line.split("==")[0] for line in pinned) == sorted(names)


def test_hadolint_finds_nothing():
    done = subprocess.run(
        [BIN / "hadolint", "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def services():
    return yaml.safe_load(text("docker-compose.yml"))["services"]


def test_compose_publishes_on_loopback_only():
    ports = [port for service in services().values() for port in service.get("ports", [])]
    assert ports
    assert all(str(port).startswith("127.0.0.1:") for port in ports)
    assert all("network_mode" not in service for service in services().values())
    assert f"127.0.0.1:8080:{CONFIG['api_server']['listen_port']}" in ports


def test_compose_mounts_what_is_there_and_runs_a_command():
    for service in services().values():
        assert (ROOT / service["build"] / "Dockerfile").is_file()
        for mount in service["volumes"]:
            assert (ROOT / mount.split(":")[0]).exists(), mount
        words = service["command"].split()
        assert words[0] == "trade"
        assert (ROOT / words[words.index("--config") + 1]).is_file()


# --- commands -------------------------------------------------------------------------------------

TARGETS = set(re.findall(r"^([a-z]+):.*##", text("Makefile"), re.MULTILINE))


def test_make_help_lists_every_task():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = set(re.findall(r"^  make ([a-z]+) +\S", done.stdout, re.MULTILINE))
    assert (
        listed
        == TARGETS
        == {*["help", "setup", "demo", "test", "check", "format", "bench", "clean"]}
    )
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text("Makefile"), re.MULTILINE)
    assert set(phony.split()) == TARGETS


def test_every_program_that_make_calls_is_installed():
    programs = set(re.findall(r"\$\(BIN\)/([\w-]+)", text("Makefile")))
    assert {"python", "hydra-quant", "ruff", "mypy", "lint-imports", "hadolint"} <= programs
    assert not [name for name in programs if not (BIN / name).exists()]


def test_every_module_and_command_that_make_calls_exists():
    modules = set(re.findall(r"\$\(BIN\)/python -m ([\w.]+)", text("Makefile")))
    assert {"pytest", "bench"} <= modules
    for module in modules:
        assert (ROOT / module / "__main__.py").exists() or importlib.util.find_spec(module), module
    assert set(re.findall(r"\$\(BIN\)/hydra-quant ([a-z]+)", text("Makefile"))) <= set(COMMANDS)


def test_make_demo_passes_options_that_the_command_has():
    (line,) = re.findall(r"\$\(BIN\)/hydra-quant demo (.*)", text("Makefile"))
    shown = subprocess.run(
        [BIN / "hydra-quant", "demo", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert all(option in shown for option in re.findall(r"--[a-z]+", line))


def test_ci_calls_tasks_that_exist():
    steps = re.findall(r"^make ([a-z]+)$", text(".ci/run"), re.MULTILINE)
    assert steps == ["check", "test"]
    assert set(steps) <= TARGETS
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def test_hooks_call_what_make_check_calls():
    hooks = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    for hook in hooks:
        program, *options = hook["entry"].split()
        assert (BIN / Path(program).name).exists(), hook["entry"]
        call = " ".join([f"$(BIN)/{Path(program).name}", *options[:1]])
        assert call in text("Makefile"), call


# --- configuration --------------------------------------------------------------------------------


def test_config_json_is_a_dry_run_without_secrets():
    assert CONFIG["dry_run"] is True
    secrets = [CONFIG["exchange"]["key"], CONFIG["exchange"]["secret"]]
    secrets += [CONFIG["telegram"]["token"], CONFIG["telegram"]["chat_id"]]
    secrets += [CONFIG["api_server"]["username"], CONFIG["api_server"]["password"]]
    assert not any(secrets)
    assert CONFIG["telegram"]["enabled"] is False
    # freqtrade's own placeholder, which it warns about as soon as the API is switched on
    assert CONFIG["api_server"]["jwt_secret_key"] == "somethingRandomSomethingRandom123"


def test_the_api_listens_on_loopback():
    assert CONFIG["api_server"]["listen_ip_address"] == "127.0.0.1"
    assert CONFIG["api_server"]["enabled"] is False
    assert CONFIG["api_server"]["CORS_origins"] == []


def test_config_json_names_folders_and_classes_that_exist():
    for key, folder in (
        ("strategy", "strategy_path"),
        ("freqaimodel", "freqaimodel_path"),
        ("hyperopt_loss", "hyperopt_path"),
    ):
        assert (ROOT / CONFIG[folder] / f"{CONFIG[key]}.py").is_file()


def test_the_default_universe():
    coins = ["BTC", "ETH", "SOL", "BNB", "XRP", "DOGE", "ADA", "AVAX"]
    assert CONFIG["exchange"]["pair_whitelist"] == [f"{coin}/USDT:USDT" for coin in coins]


# --- pins and version -----------------------------------------------------------------------------


def pins():
    lines = [line for line in text("constraints.txt").splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", line) for line in lines), lines
    return {canonicalize_name(name): pin for name, pin in (line.split("==") for line in lines)}


def direct():
    extras = [entry for group in PROJECT["optional-dependencies"].values() for entry in group]
    return [Requirement(entry) for entry in PROJECT["dependencies"] + extras]


@pytest.mark.parametrize("requirement", direct(), ids=lambda r: r.name)
def test_every_direct_dependency_is_pinned_exactly_and_installed_so(requirement):
    pin = pins()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(pin, prereleases=True)
    installed = version(requirement.name).split("+")[0]  # torch adds the kind of its build
    assert installed == pin


def test_pins_are_sorted_and_each_is_there_once():
    names = [line.split("==")[0].lower() for line in text("constraints.txt").splitlines()[1:]]
    assert names == sorted(set(names))


def test_one_version():
    assert hydra_quant.__version__ == PROJECT["version"]
    assert PROJECT["version"] in text("CHANGELOG.md")


# --- scanned folders ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", scanned_files(), ids=lambda p: p.name)
def test_a_scanned_file_holds_one_class_named_as_the_file(path):
    tree = ast.parse(path.read_text())
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert classes == [path.stem]
    assert f"class {path.stem}(" in path.read_text()  # freqtrade looks for this very text
    relative = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level]
    assert not relative


@pytest.mark.parametrize("path", scanned_files(), ids=lambda p: p.name)
def test_a_scanned_file_shadows_no_library(path):
    """Its folder is first on sys.path while freqtrade loads it."""
    assert path.stem not in sys.stdlib_module_names
    found = importlib.util.find_spec(path.stem)
    assert found is None or Path(found.origin).parent == path.parent


def test_every_scanned_folder_has_files():
    assert {path.parent.name for path in scanned_files()} == {Path(f).name for f in SCANNED}


# --- what no tracked file may hold ----------------------------------------------------------------

LOOPBACK = {"127.0.0.1", "localhost"}
DOCUMENTED = {"www.freqtrade.io"}
# Where collectors and the news' analyst read, and the public documentation that says how.
SOURCES = {
    *("api.glassnode.com", "docs.glassnode.com", "api.cryptoquant.com", "cryptoquant.com"),
    *("userguide.cryptoquant.com", "docs.cryptoquant.com"),
    *("community-api.coinmetrics.io", "docs.coinmetrics.io"),
    *("gitbook-docs.coinmetrics.io", "min-api.cryptocompare.com", "data-api.cryptocompare.com"),
    *("data-api.coindesk.com", "developers.coindesk.com", "www.coindesk.com", "cointelegraph.com"),
    *("decrypt.co", "api.twitter.com", "api.x.com", "docs.x.com", "developer.x.com", "x.com"),
    *("www.reddit.com", "oauth.reddit.com", "praw.readthedocs.io", "docs.tweepy.org"),
    *("developers.binance.com", "bybit-exchange.github.io", "www.okx.com", "docs.timescale.com"),
    *("www.rssboard.org", "feedparser.readthedocs.io", "www.rfc-editor.org", "docs.ccxt.com"),
    *("api.anthropic.com", "platform.claude.com", "api.openai.com", "platform.openai.com"),
    *("www.tigerdata.com", "alembic.sqlalchemy.org", "www.sqlite.org", "www.postgresql.org"),
}
PAPERS = {"doi.org", "arxiv.org", "proceedings.mlr.press", "proceedings.neurips.cc"}
NAMESPACES = {"www.w3.org"}  # a name within SVG, asked of nobody
LICENCE = {"www.gnu.org", "fsf.org"}
RESERVED = (".example", ".invalid")  # names that can never be anyone's (RFC 2606)
MADE_UP = {"venue"}  # a host that no network knows, in a client without a network
# Put together, so that this file does not hold what it looks for.
REGISTRY = re.compile(
    "|".join(("py" + "pi", "python" + "hosted", "index" + "-url", "find" + "-links"))
)
MACHINE = re.compile(
    r"(?<![\w.~-])/(?:" + "|".join(("home", "root", "Users", "work", "opt", "mnt")) + r")/\w"
)


def contents():
    for name in tracked():
        try:
            yield name, text(name)
        except UnicodeDecodeError:
            continue


def test_addresses_are_loopback_or_documentation():
    for name, held in contents():
        allowed = LOOPBACK | DOCUMENTED | SOURCES | PAPERS | NAMESPACES
        allowed |= LICENCE if name == "LICENSE" else MADE_UP
        hosts = re.findall(r"\b(?:https?|wss?|ftp)://(?:[^\s/@]*@)?([A-Za-z0-9][\w.-]*)", held)
        unknown = {host for host in set(hosts) - allowed if not host.endswith(RESERVED)}
        assert not unknown, f"{name}: {sorted(unknown)}"


def test_no_file_names_a_package_registry_or_a_machine():
    for name, held in contents():
        for pattern in (REGISTRY, MACHINE):
            found = pattern.search(held)
            assert not found, f"{name}: {found[0]}"


@pytest.mark.parametrize(
    ("pattern", "planted"),
    [
        (REGISTRY, "from " + "py" + "pi.example/simple"),
        (MACHINE, "cd /" + "home/someone"),
        (MACHINE, '"/' + 'opt/venv"'),
    ],
)
def test_what_is_looked_for_would_be_found(pattern, planted):
    assert pattern.search(planted)


def test_no_large_or_private_file_is_tracked():
    for name in tracked():
        assert (ROOT / name).stat().st_size < 500_000, name
        assert not re.search(r"\.(sqlite|feather|parquet|pkl|joblib|zip|pem|key)$|private", name)


def test_make_demo_and_the_configuration_run_the_same_model():
    assert f"MODEL ?= {CONFIG['freqaimodel']}\n" in text("Makefile")
    parser = ArgumentParser()
    add_arguments(parser)
    assert parser.parse_args([]).model == CONFIG["freqaimodel"]
