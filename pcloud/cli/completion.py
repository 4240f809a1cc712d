"""``pcloud completion``: the script that makes a shell complete commands, options and live names."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from pcloud.screen.console import Screen

ASKED = "_PCLOUD_COMPLETE"  # set by these scripts

BASH = r"""# pcloud completion for bash: put `source <(pcloud completion bash)` into ~/.bashrc
_pcloud_completion() {
    local IFS=$'\n'
    COMPREPLY=($(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD _PCLOUD_COMPLETE=complete_bash "$1" 2>/dev/null))
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == */ ]]; then compopt -o nospace; fi
}
complete -o default -F _pcloud_completion pcloud
"""
ZSH = r"""#compdef pcloud
# pcloud completion for zsh: put `source <(pcloud completion zsh)` into ~/.zshrc, behind compinit
_pcloud_completion() {
    eval $(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _PCLOUD_COMPLETE=complete_zsh "${words[1]}" 2>/dev/null)
}
compdef _pcloud_completion pcloud
"""
FISH = r"""# pcloud completion for fish: pcloud completion fish > ~/.config/fish/completions/pcloud.fish
function _pcloud_completion
    env _PCLOUD_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args _TYPER_COMPLETE_ARGS=(commandline -cp) pcloud 2>/dev/null
end
complete --command pcloud --keep-order --no-files --arguments '(_pcloud_completion)'
"""


class Shell(StrEnum):
    """The shells that there is a script for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


SCRIPTS = {Shell.BASH: BASH, Shell.ZSH: ZSH, Shell.FISH: FISH}


def completion(shell: Annotated[Shell, typer.Argument(metavar="bash|zsh|fish", help="For which shell.")]) -> None:
    """Write the completion script of a shell; its first line says where it belongs.

    Names of deployables, assemblies, resources and infrastructures are asked of the daemon; where none answers nothing is offered.
    """
    Screen().raw(SCRIPTS[shell].rstrip("\n"))
