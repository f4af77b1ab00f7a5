"""Where a process of ours begins. It loads nothing before Ctrl-C ends it without a word."""

import signal


def main() -> None:
    """Run the command of `sys.argv`."""
    # Python's own Ctrl-C is an exception, which shows a traceback from wherever the second of loading has come to. In a
    # shell's background job Ctrl-C is ignored, and stays so.
    is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_heard:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from bot.cli.commands import main as run
    from bot.cli.streams import open_streams

    open_streams()
    if is_heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()
