"""Flags of settings: made from the settings themselves, for every command that needs some."""

import inspect
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar, get_origin

import typer
from pydantic.fields import FieldInfo

from service.cli.options.failing import fail
from service.configuration.loading import Mistakes, Sources, as_shown, flag_of
from service.settings import Settings

P = ParamSpec("P")
S = TypeVar("S", bound=Settings)
_METAVARS: dict[object, str] = {int: "NUMBER", float: "NUMBER"}


class Given(Sources):
    """The flags that a command was given, and with them the settings in force."""

    def settings(self, kind: type[S] = Settings) -> S:
        """The settings in force; ends the command, with every mistake, where some are wrong."""
        try:
            return super().settings(kind)
        except Mistakes as error:
            fail(str(error))


def with_flags(
    *names: str,
) -> Callable[[Callable[Concatenate[Given, P], None]], Callable[..., None]]:
    """A command with the flags of these settings, or of all; it gets those that were given first.

    Flags are taken as texts: the settings judge all that they come from by the same rules.
    """

    def decorate(command: Callable[Concatenate[Given, P], None]) -> Callable[..., None]:
        flags = [_parameter(name) for name in names or Settings.model_fields]
        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

        def run(**options: Any) -> None:
            given = {each.name: options.pop(each.name) for each in flags}
            # typer gives an empty list where a repeatable flag was not given
            told = {name: value for name, value in given.items() if value not in (None, [])}
            command(Given(told), **options)  # pyright: ignore[reportCallIssue]

        run.__name__, run.__doc__ = command.__name__, command.__doc__
        _take(run, [*own, *flags])
        return run

    return decorate


def _take(run: Callable[..., None], parameters: Iterable[inspect.Parameter]) -> None:
    """Has typer see these parameters, all by their names."""
    by_name = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]
    run.__signature__ = inspect.Signature(by_name)  # pyright: ignore[reportFunctionMemberAccess]
    run.__annotations__ = {each.name: each.annotation for each in by_name}


def _parameter(name: str) -> inspect.Parameter:
    field = Settings.model_fields[name]
    default, flag = field.get_default(), flag_of(name)
    if field.annotation is bool:
        flag, kind = f"{flag}/--no-{flag.removeprefix('--')}", bool
    else:
        kind = list[str] if get_origin(field.annotation) is tuple else str
    option = typer.Option(
        flag,
        metavar=None if kind is bool else _METAVARS.get(field.annotation, "TEXT"),
        help=_help(field),
        show_default=(default if isinstance(default, str) else as_shown(default)) or False,
    )
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, option],
    )


def _help(field: FieldInfo) -> str:
    text = " ".join((field.description or "").split())
    return text.rstrip(".") + "; repeatable." if get_origin(field.annotation) is tuple else text
