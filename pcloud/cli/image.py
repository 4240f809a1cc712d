"""``pcloud image``: builds guests' images on this machine, and keeps them. No daemon is needed.

Rules: how a build gets on goes to standard error, so that results can be read by programs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from pcloud.cli.options import JsonOption, Output, OutputOption, chosen
from pcloud.cli.output import emit
from pcloud.cli.uploading import ConfigOption, InfrastructureOption
from pcloud.cli.uploading import upload as uploaded
from pcloud.errors import PcloudError
from pcloud.images.building import MIB, build
from pcloud.images.recipe import Form, Recipe
from pcloud.images.record import ImageRecord
from pcloud.images.store import ImageStore, checked_name
from pcloud.places import image_directory
from pcloud.screen.columns import columns
from pcloud.screen.console import Screen
from pcloud.screen.format import clean

app = typer.Typer(help="Images of guests, built and kept on this machine.", no_args_is_help=True)


def _store() -> ImageStore:
    return ImageStore(image_directory())


def read_name(word: str) -> str:
    """The name of an image, as an argument is read."""
    try:
        return checked_name(word)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _names(incomplete: str) -> list[str]:
    try:
        return [each for each in _store().names() if each.startswith(incomplete)]
    except PcloudError:
        return []


NewName = Annotated[str, typer.Argument(metavar="NAME", help="Of the image.", parser=read_name)]
KnownName = Annotated[str, typer.Argument(metavar="NAME", help="Of the image.", parser=read_name, autocompletion=_names)]


ProvisionOption = Annotated[
    Path | None,
    typer.Option("--provision", metavar="FILE", help="A script that runs in it once, while it is built.", show_default=False),
]
FormOption = Annotated[Form, typer.Option("--format", help="A disk with its kernel, for OpenStack; or a tree, for the driver machine.")]
EmulatedOption = Annotated[bool, typer.Option("--emulated", help="For guests without hardware virtualisation: leave out what costs time.")]


@app.command("build", epilog="Example: pcloud image build web --include nginx,php-fpm --provision bake.sh")
def make(  # noqa: PLR0913, PLR0917 - each is an option
    name: NewName,
    include: Annotated[str, typer.Option("--include", metavar="PACKAGES", help="More packages, separated by commas.")] = "",
    provision: Annotated[
        Path | None,
        typer.Option("--provision", metavar="FILE", help="A script that runs in it once, while it is built.", show_default=False),
    ] = None,
    release: Annotated[str, typer.Option("--release", metavar="NAME", help="bookworm, trixie, jammy or noble.")] = "bookworm",
    mirror: Annotated[str, typer.Option("--mirror", metavar="URL", help="Where the packages are; else Debian's own.")] = "",
    keyring: Annotated[str, typer.Option("--keyring", metavar="FILE", help="The keys that sign them; else Debian's own.")] = "",
    form: Annotated[
        Form, typer.Option("--format", help="A disk with its kernel, for OpenStack; or a tree, for the driver machine.")
    ] = Form.QCOW2,
    emulated: Annotated[
        bool, typer.Option("--emulated", help="For guests without hardware virtualisation: leave out what costs time.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Build it anew, though there is one of that name.")] = False,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Build an image: a small system with systemd, sshd and cloud-init. Minutes; as root. The same inputs again are no work."""
    packages = tuple(dict.fromkeys(filter(None, (each.strip() for each in include.split(",")))))
    recipe = Recipe(release, form, packages, _script(provision), mirror, str(Path(keyring).resolve()) if keyring else "", emulated)
    store, screen = _store(), Screen()
    made, new = build(store, name, recipe, _telling(Screen(stderr=True)), replace=replace)
    emit(screen, chosen(output, json), made, lambda: _made_lines(store, made, new=new))


def _script(provision: Path | None) -> str:
    if provision is None:
        return ""
    try:
        text = provision.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"--provision: {provision} cannot be read: {error}") from error
    if not text.startswith("#!"):
        raise typer.BadParameter(f"--provision: {provision} is no script: its first line must name a program, as in #!/bin/sh")
    return text


def _telling(screen: Screen) -> Callable[[str], None]:
    """Each stage is a line, with the time since the beginning."""
    began = time.monotonic()

    def told(stage: str) -> None:
        screen.say(Text(f"{time.monotonic() - began:5.0f}s  ", "dim").append(clean(stage), "not dim"))

    return told


def _made_lines(store: ImageStore, made: ImageRecord, *, new: bool) -> list[Text]:
    place = store.directory / made.name
    how = f"was built in {made.seconds:.0f}s" if new else f"is there already, built of the same on {made.made[:10]}"
    lines = [Text(f"{made.name} {how}: {made.size // MIB} MiB in {place}", "green")]
    if made.tree:
        lines.append(Text(f'for the driver machine: images = {{"{made.name}" = "{place / made.tree}"}}'))
    return lines


@app.command("list", epilog="Example: pcloud image list")
def list_all(output: OutputOption = Output.TABLE, json: JsonOption = False) -> None:
    """List the images that are kept on this machine."""
    store, screen = _store(), Screen()
    found = [store.record(name) for name in store.names()]
    if not found and chosen(output, json) is Output.TABLE:
        screen.say(f"there is no image in {store.directory}; `pcloud image build NAME` builds one")
        return
    rows = [_row(each) for each in found]
    emit(screen, chosen(output, json), found, lambda: columns(("NAME", "RELEASE", "FORMAT", "SIZE", "BUILT", "WITH"), rows, screen.width))


def _row(image: ImageRecord) -> tuple[str, ...]:
    more = (*image.include, *(["a script"] if image.provision else []))
    return image.name, image.release, image.form, f"{image.size // MIB} MiB", image.made[:10], clean(", ".join(more))


@app.command("delete", epilog="Example: pcloud image delete web")
def delete(name: KnownName, output: OutputOption = Output.TABLE, json: JsonOption = False) -> None:
    """Delete an image from this machine. What was uploaded of it stays where it is."""
    _store().delete(name)
    emit(Screen(), chosen(output, json), {"name": name, "deleted": True}, lambda: [Text(f"{name} is deleted")])


@app.command("upload", epilog="Example: pcloud image upload web --infrastructure mycloud")
def upload(
    name: KnownName,
    infrastructure: InfrastructureOption,
    config: ConfigOption = None,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Upload an image to an OpenStack, its kernel and initial RAM disk with it. The same once more is no work."""
    uploaded(name, infrastructure, config, chosen(output, json))
