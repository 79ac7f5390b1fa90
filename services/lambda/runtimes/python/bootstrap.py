"""Runs a Python handler over the Lambda Runtime API: one event at a time, until the environment is ended.

Start-up is what users feel, so this file uses only what the interpreter has loaded by itself. `json` costs ten
milliseconds for `re`, so its C halves are used directly; `logging` is not imported but hooked (lambda_logging), and all
that words an error sits in lambda_errors, which is imported when there is one.
"""
import _socket
import os
import sys
import time

RUNTIME = "/2018-06-01/runtime/"


class RuntimeApi:
    """A kept-alive HTTP/1.1 connection that knows just enough to talk to the Runtime API."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.address = host, int(port)
        self.socket = None
        self.buffer = b""

    def connect(self):
        self.socket = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        self.socket.connect(self.address)
        self.socket.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self.buffer = b""

    def request(self, method, path, body=b"", headers=""):
        """(status, headers by lower-case name, body)."""
        if self.socket is None:
            self.connect()
        length = f"Content-Length: {len(body)}\r\n" if method == "POST" else ""
        head = f"{method} {RUNTIME}{path} HTTP/1.1\r\nHost: {self.address[0]}:{self.address[1]}\r\n{headers}{length}\r\n"
        self.socket.sendall(head.encode() + body)
        return self.answer()

    def more(self):
        piece = self.socket.recv(262144)
        if not piece:
            raise ConnectionError("the Runtime API closed the connection")
        self.buffer += piece

    def line_end(self, end):
        while end not in self.buffer:
            self.more()
        text, _, self.buffer = self.buffer.partition(end)
        return text

    def exactly(self, size):
        pieces, have = [self.buffer], len(self.buffer)
        while have < size:
            piece = self.socket.recv(min(size - have, 1048576))
            if not piece:
                raise ConnectionError("the Runtime API closed the connection in the middle of an answer")
            pieces.append(piece)
            have += len(piece)
        data = b"".join(pieces)
        self.buffer = data[size:]
        return data[:size]

    def answer(self):
        lines = self.line_end(b"\r\n\r\n").decode("utf-8", "replace").split("\r\n")
        status = int(lines[0].split(" ", 2)[1])
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while size := int(self.line_end(b"\r\n").split(b";")[0], 16):
                body += self.exactly(size)
                self.exactly(2)
            while self.line_end(b"\r\n"):
                pass
        else:
            body = self.exactly(int(headers.get("content-length", "0")))
        if headers.get("connection", "").lower() == "close":
            self.socket.close()
            self.socket = None
        return status, headers, body


class Fault(Exception):
    """A problem that the runtime words itself: (type, message, stack trace)."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.kind, self.message, self.trace = kind, message, trace


class Plain:
    """What AWS hands over as small objects with fixed attributes."""

    names = ()

    def __init__(self, values):
        for name in self.names:
            setattr(self, name, values.get(name))

    def __repr__(self):
        values = ",".join(f"{name}={getattr(self, name)}" for name in self.names)
        return f"{type(self).__name__}([{values}])"


class Client(Plain):
    names = "installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"


class ClientContext(Plain):
    names = "custom", "env", "client"


class CognitoIdentity(Plain):
    names = "cognito_identity_id", "cognito_identity_pool_id"


def header_json(headers, name, label):
    text = headers.get(name)
    if not text:
        return None
    try:
        return decode(text)
    except Exception as problem:
        raise Fault("Runtime.LambdaContextUnmarshalError", f"Unable to parse {label} JSON: {problem}") from None


class LambdaContext(Plain):
    names = (
        "aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb", "function_version",
        "invoked_function_arn", "client_context", "identity", "tenant_id",
    )

    def __init__(self, headers):
        variable = os.environ.get
        self.aws_request_id = headers.get("lambda-runtime-aws-request-id", "")
        self.log_group_name = variable("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = variable("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = variable("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = variable("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        self._deadline_ms = int(headers.get("lambda-runtime-deadline-ms", "0"))
        given = header_json(headers, "lambda-runtime-client-context", "Client Context")
        self.client_context = ClientContext(given) if isinstance(given, dict) else None
        if self.client_context and isinstance(self.client_context.client, dict):
            self.client_context.client = Client(self.client_context.client)
        cognito = header_json(headers, "lambda-runtime-cognito-identity", "Cognito Identity") or {}
        self.identity = CognitoIdentity({
            "cognito_identity_id": cognito.get("cognitoIdentityId"),
            "cognito_identity_pool_id": cognito.get("cognitoIdentityPoolId"),
        })

    def get_remaining_time_in_millis(self):
        return max(self._deadline_ms - int(time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))


def requested_version():
    """(3, 12) of AWS_EXECUTION_ENV: the runtime that was asked for, not the interpreter that was found."""
    name = os.environ.get("AWS_EXECUTION_ENV", "").rpartition("python")[2].split(".")
    return tuple(int(part) for part in name) if all(part.isdigit() for part in name) else sys.version_info[:2]


def encode_unknown(value):
    if type(value).__name__ == "Decimal":
        # Known difference: AWS prints a Decimal digit by digit; here it goes through int or float.
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def json_functions():
    """decode(text) and encode(value), from json's C halves where they are as expected, else from json itself."""
    ascii_only = requested_version() < (3, 12)
    try:
        import _json

        class Settings:
            strict, object_hook, object_pairs_hook, memo = True, None, None, {}
            parse_float, parse_int, parse_constant = float, int, staticmethod({
                "NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.__getitem__)

        scan = _json.make_scanner(Settings())
        quote = _json.encode_basestring_ascii if ascii_only else _json.encode_basestring
        blanks = " \t\n\r"

        def decode(text):
            try:
                start = len(text) - len(text.lstrip(blanks))
                value, end = scan(text, start)
                if not text[end:].strip(blanks):
                    return value
            except StopIteration:
                pass
            import json  # only for its words
            return json.loads(text)

        def encode(value):
            encoder = _json.make_encoder({}, encode_unknown, quote, None, ": ", ", ", False, False, True)
            return "".join(encoder(value, 0))

        if decode(' {"a": [1, 2.5, null, "\\u00e9"]} ') == {"a": [1, 2.5, None, "\xe9"]} and encode({"a": [1, "b"]}) == '{"a": [1, "b"]}':
            return decode, encode
    except Exception:
        pass
    import json

    return json.loads, json.JSONEncoder(ensure_ascii=ascii_only, default=encode_unknown).encode


decode, encode = json_functions()


def load_handler(name):
    module_name, dot, function = name.rpartition(".")
    if not dot:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)")
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    try:
        path = module_name.replace("/", ".")
        __import__(path)
        module = sys.modules[path]
    except ImportError as problem:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {problem}") from None
    except SyntaxError as problem:
        trace = [f'  File "{problem.filename}" Line {problem.lineno}\n    {problem.text}']
        raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {problem}", trace) from None
    try:
        return getattr(module, function)
    except AttributeError:
        raise Fault("Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{module_name}'") from None


def report(api, path, problem, request_id):
    import lambda_errors

    body, kind = lambda_errors.describe(problem, request_id, encode)
    api.request("POST", path, body, f"Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: {kind}\r\n")


def handle(api, handler, headers, body):
    request_id = headers.get("lambda-runtime-aws-request-id", "")
    if "lambda-runtime-trace-id" in headers:
        os.environ["_X_AMZN_TRACE_ID"] = headers["lambda-runtime-trace-id"]
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    try:
        context = LambdaContext(headers)
        try:
            event = decode(body.decode("utf-8"))
        except Exception as problem:
            raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {problem}") from None
        result = handler(event, context)
        kind = "application/json"
        if isinstance(result, bytes):
            kind = "application/unknown"
        else:
            try:
                result = encode(result).encode("utf-8")
            except Exception as problem:
                raise Fault("Runtime.MarshalError", f"Unable to marshal response: {problem}") from None
    except Exception as problem:
        report(api, f"invocation/{request_id}/error", problem, request_id)
    else:
        api.request("POST", f"invocation/{request_id}/response", result, f"Content-Type: {kind}\r\n")


def main():
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    layers = f"/opt/python/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages", "/opt/python"
    sys.path[:0] = [os.environ.get("LAMBDA_TASK_ROOT", "/var/task"), *layers]

    import lambda_logging

    lambda_logging.hook()
    try:
        handler = load_handler(os.environ.get("_HANDLER", ""))
    except Exception as problem:
        report(api, "init/error", problem, "")
        sys.exit(1)
    while True:
        status, headers, body = api.request("GET", "invocation/next")
        if status != 200:
            sys.exit(f"the Runtime API answered {status} to next: {body.decode('utf-8', 'replace')}")
        lambda_logging.request_id = headers.get("lambda-runtime-aws-request-id", "")
        handle(api, handler, headers, body)


if __name__ == "__main__":
    # Handlers and their libraries may import this module's name; they get this one, not a second run of it.
    sys.modules["bootstrap"] = sys.modules["__main__"]
    try:
        main()
    except (ConnectionError, BrokenPipeError):
        sys.exit(1)  # the environment is being ended
