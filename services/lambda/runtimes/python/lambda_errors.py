"""How a problem in a handler is worded, for the caller and for the log, as AWS's Python runtime words it."""
import sys
import traceback

NO_BREAK_SPACE = "\u00a0"  # indents the lines of a trace, so that log viewers keep it


def describe(problem, request_id, encode):
    """Logs the problem; gives the payload and the error type for the platform."""
    kind, message, trace = words(problem)
    log(kind, message, trace)
    payload = {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace or []}
    platform = kind if kind.startswith("Runtime.") else "Function." + "".join(c for c in kind if c.isalpha() and c.isascii())
    return encode(payload).encode("utf-8", "replace"), platform


def words(problem):
    if hasattr(problem, "kind") and type(problem).__name__ == "Fault":
        return problem.kind, problem.message, problem.trace
    frames = [
        (frame.filename, frame.lineno, frame.name, frame.line)
        for frame in traceback.extract_tb(problem.__traceback__)
        if not frame.filename.endswith("/bootstrap.py")
    ]
    try:
        message = str(problem)
    except Exception as other:  # the handler's own class may not even be able to say what is wrong
        message = f"{type(other).__name__} while the error was put into words"
    return type(problem).__name__, message, traceback.format_list(frames)


def log(kind, message, trace):
    lines = [f"[ERROR] {kind}: {message}" if message else f"[ERROR] {kind}"]
    if trace is not None:
        lines.append("Traceback (most recent call last):")
        for element in trace:
            for line in element.splitlines() or [""]:
                text = line.lstrip(" ")
                lines.append(NO_BREAK_SPACE * (len(line) - len(text)) + text)
    # Carriage returns keep the lines together in one log event. A lone surrogate in a message must not end the runtime.
    try:
        sys.stdout.write("\r".join(lines).encode("utf-8", "backslashreplace").decode() + "\n")
        sys.stdout.flush()
    except (AttributeError, OSError, ValueError):
        pass  # the handler has closed it; the payload tells all the same
