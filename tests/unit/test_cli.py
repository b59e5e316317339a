"""The command line beside freqtrade's own."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from hydra_quant import __version__
from hydra_quant.cli import COMMANDS, build_parser, main


def test_every_command_has_a_module_with_a_door():
    for module, text in COMMANDS.values():
        assert find_spec(module), module
        assert text


def test_help_names_every_command_and_imports_none(capsys):
    with pytest.raises(SystemExit) as end:
        build_parser().parse_args(["--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)


def test_help_does_not_load_freqtrade():
    probe = (
        "import sys; from hydra_quant.cli import build_parser; build_parser();"
        "sys.exit('freqtrade' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0


def test_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert __version__ in capsys.readouterr().out


def test_settings_through_the_front_door(capsys):
    assert main(["settings"]) == 0
    assert "hydra.risk.stop_atr" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["unheard-of"]])
def test_no_or_an_unknown_command_is_a_mistake(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_ctrl_c_is_130(monkeypatch):
    def stop(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("hydra_quant.settings_command.run", stop)
    assert main(["settings"]) == 130
