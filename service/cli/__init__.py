"""The command line. A command loads what it needs when it runs, and its help loads none of it."""

import signal

from service.garbage_collector import collect_hardly


def main() -> None:
    """The command `billing-backlog`.

    The processes that an import starts load this module again, and do without all of the rest.
    """
    set_up()
    from service.cli.main import cli  # noqa: PLC0415

    cli()


def set_up() -> None:
    """Sets up a process of the command: its garbage collector, its log, how it ends."""
    collect_hardly()
    from service import logs  # noqa: PLC0415

    logs.configure()
    # Asked to stop, it ends as by Ctrl-C: what it has open is closed first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
