

import errno
import importlib
import os


def code_of(error):
    """The errno that the program is thrown."""
    if isinstance(error, OSError):
        return error.errno if isinstance(error.errno, int) and 0 < error.errno < 1 << 31 else errno.EIO
    if isinstance(error, OverflowError):
        return errno.ERANGE
    return errno.EINVAL if isinstance(error, (ValueError, TypeError)) else errno.EIO


def answer(message):
    """The answer to a call: 0 and the bytes of the result, or an errno and a traceback."""
    try:
        length = int.from_bytes(message[:4], "little")
        module, _, function = message[4:4 + length].decode().rpartition(".")
        at = 4 + length
        result, at = Form(message, at), at + 20
        arguments = []
        while at < len(message):
            value, at = Form(message, at).argument(message, at + 20)
            arguments.append(value)
        data = result.result(getattr(importlib.import_module(module), function)(*arguments))
        sys.stdout.flush()
        sys.stderr.flush()
        return bytes(4) + data
    except BaseException as error:  # noqa: BLE001
        try:
            sys.stdout.flush()
        except (OSError, ValueError):
            pass
        # Whatever an exception has as its text, it is no more than what one reads.
        try:
            text = shown(error)[-60000:]
        except BaseException:  # noqa: BLE001
            text = type(error).__name__
        return code_of(error).to_bytes(4, "little") + text.encode("utf-8", "backslashreplace")


def detach():
    """Goes on when the process that started it becomes a daemon: as that does without a terminal."""
    import ctypes
    import stat
    ctypes.CDLL(None).prctl(1, 0)
    os.setsid()
    null = os.open("/dev/null", os.O_RDWR)
    for fd in range(3):
        mode = os.fstat(fd).st_mode
        if fd == 0 or stat.S_ISCHR(mode) or stat.S_ISFIFO(mode):
            os.dup2(null, fd)
    os.close(null)
    return bytes(4)


def serve(socket, *modules):
    """Answers calls until the other side closes the socket."""
    texts = {}
    for _, files in zip(modules[::2], modules[1::2]):
        texts.update(json.loads(files))
    sys.meta_path.insert(0, Texts(texts))
    sys.argv[:] = [modules[0].decode()]
    own, socket = os.getpid(), int(socket)
    os.set_inheritable(socket, False)
    with open(socket, "rb", closefd=False) as calls, open(socket, "wb", closefd=False) as answers:
        answers.write(bytes(4))
        answers.flush()
        while len(head := calls.read(4)) == 4:
            message = calls.read(int.from_bytes(head, "little"))
            data = answer(message) if message else detach()
            if os.getpid() != own:
                # A child that the function has made, and that returned from it too.
                os._exit(0)
            answers.write(len(data).to_bytes(4, "little") + data)
            answers.flush()


serve(*parts)
