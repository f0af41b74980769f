"""EndpointKit for Python over the C API (ctypes; nothing but the standard library).

    endpoint = Endpoint("vertex://my-project/europe-west4/publishers/google/models/gemini-2.5-flash")
    for event in endpoint.chat("Hello!"):
        print(event.text if event.kind == TEXT else "", end="")

Blocking calls release the GIL. Errors are exceptions of type EndpointKitError.
ENDPOINTKIT_LIBRARY names the shared library where the system would not find it.
"""

import ctypes
import json
import os
import threading
from ctypes import POINTER, byref, c_char_p, c_int, c_int32, c_int64, c_size_t, c_void_p
from typing import NamedTuple

OK, EVENT, AGAIN, END = 0, 1, 2, 3
(TEXT, REASONING, SIGNATURE, TOOL_CALL, TOOL_ARGUMENTS, IMAGE, USAGE, PROVIDER, HEARTBEAT, FINISHED,
 BYTES) = range(1, 12)

_lib = ctypes.CDLL(os.environ.get("ENDPOINTKIT_LIBRARY", "libendpointkit.so.0"))
_out, _length = POINTER(c_void_p), POINTER(c_size_t)
_SIGNATURES = {
    "epk_version": (c_char_p,),
    "epk_has_feature": (c_int, c_char_p),
    "epk_options_new": (c_int32, _out, _out),
    "epk_options_set": (c_int32, c_void_p, c_char_p, c_char_p, c_size_t, _out),
    "epk_options_free": (None, c_void_p),
    "epk_endpoint_open": (c_int32, c_void_p, c_char_p, c_size_t, c_void_p, _out, _out),
    "epk_endpoint_credentials": (c_void_p, c_void_p, _length),
    "epk_endpoint_free": (None, c_void_p),
    "epk_request_from_json": (c_int32, c_char_p, c_size_t, _out, _out),
    "epk_request_free": (None, c_void_p),
    "epk_invoke": (c_int32, c_void_p, c_char_p, c_size_t, c_void_p, _out, _out),
    "epk_reply_text": (c_void_p, c_void_p, _length),
    "epk_reply_json": (c_void_p, c_void_p, _length),
    "epk_reply_free": (None, c_void_p),
    "epk_chat_start": (c_int32, c_void_p, c_void_p, c_void_p, _out, _out),
    "epk_call_next": (c_int32, c_void_p, c_int64, _out, _out),
    "epk_call_cancel": (None, c_void_p),
    "epk_call_reply": (c_int32, c_void_p, _out, _out),
    "epk_call_free": (None, c_void_p),
    "epk_event_kind": (c_int32, c_void_p),
    "epk_event_text": (c_void_p, c_void_p, _length),
    "epk_event_json": (c_void_p, c_void_p, _length),
    "epk_error_json": (c_void_p, c_void_p, _length),
    "epk_error_message": (c_void_p, c_void_p, _length),
    "epk_error_free": (None, c_void_p),
}
for _name, (_result, *_arguments) in _SIGNATURES.items():
    getattr(_lib, _name).restype, getattr(_lib, _name).argtypes = _result, _arguments


class EndpointKitError(Exception):
    """`status` as in endpointkit.h, and `details`: the error's members (code, phase, http_status, …)."""

    def __init__(self, status, message, details):
        super().__init__(f"{details.get('code', status)} ({details.get('phase', '')}): {message}")
        self.status, self.details = status, details


class Event(NamedTuple):
    """One piece of an answer: its kind (TEXT, …), its text, and all of it as a dict."""

    kind: int
    text: str
    value: dict


def _bytes(getter, handle):
    length = c_size_t()
    return ctypes.string_at(getter(handle, byref(length)), length.value)


def _call(function, *arguments):
    """Calls a function whose last parameter is the error; gives its status or raises the error."""
    error = c_void_p()
    status = function(*arguments, byref(error))
    if status >= 0:
        return status
    try:
        details = json.loads(_bytes(_lib.epk_error_json, error) or b"{}")
        message = _bytes(_lib.epk_error_message, error).decode()
    finally:
        _lib.epk_error_free(error)
    raise EndpointKitError(status, message, details)


def _make(function, *arguments):
    """The handle that such a function gives."""
    handle = c_void_p()
    _call(function, *arguments, byref(handle))
    return handle


def _make_options(values):
    options = _make(_lib.epk_options_new)
    try:
        for key, value in values.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            _call(_lib.epk_options_set, options, key.encode(), text.encode(), len(text.encode()))
    except Exception:
        _lib.epk_options_free(options)
        raise
    return options


def version():
    return _lib.epk_version().decode()


class Endpoint:
    """One hosted model. `options` by key and text, as endpointkit.h lists them. Safe from all threads."""

    def __init__(self, uri, options=None):
        self._handle, chosen = None, _make_options(options or {})
        try:
            self._handle = _make(_lib.epk_endpoint_open, None, uri.encode(), len(uri.encode()), chosen)
        finally:
            _lib.epk_options_free(chosen)

    def chat(self, request, options=None):
        """Begins a streamed answer; `request` is a text, a list of messages or a whole request as dict."""
        if isinstance(request, str):
            request = [{"role": "user", "content": request}]
        if isinstance(request, list):
            request = {"messages": request}
        return Call(self, json.dumps(request).encode(), options or {})

    def invoke(self, body, options=None):
        """Raw bytes in, raw bytes out."""
        chosen = _make_options(options or {})
        try:
            reply = _make(_lib.epk_invoke, self._handle, body, len(body), chosen)
        finally:
            _lib.epk_options_free(chosen)
        try:
            return _bytes(_lib.epk_reply_text, reply)
        finally:
            _lib.epk_reply_free(reply)

    @property
    def credentials(self):
        return _bytes(_lib.epk_endpoint_credentials, self._handle).decode()

    def __del__(self):
        if getattr(self, "_handle", None):
            _lib.epk_endpoint_free(self._handle)


class Call:
    """A streamed answer: iterate over its events. One thread at a time, except cancel()."""

    def __init__(self, endpoint, request_json, options):
        self._handle, self._lock = None, threading.Lock()
        chosen, request = _make_options(options), None
        try:
            request = _make(_lib.epk_request_from_json, request_json, len(request_json))
            self._handle = _make(_lib.epk_chat_start, endpoint._handle, request, chosen)
        finally:
            _lib.epk_request_free(request)
            _lib.epk_options_free(chosen)

    def __iter__(self):
        return self

    def __next__(self):
        event, status = c_void_p(), AGAIN
        while status == AGAIN:  # in slices, so that Ctrl-C is heard
            status = _call(_lib.epk_call_next, self._handle, 200, byref(event))
        if status == END:
            raise StopIteration
        return Event(_lib.epk_event_kind(event), _bytes(_lib.epk_event_text, event).decode(errors="replace"),
                     json.loads(_bytes(_lib.epk_event_json, event)))

    def cancel(self):
        """Ends the answer, from any thread; the iterating one gets an EndpointKitError, "cancelled"."""
        with self._lock:
            if self._handle:
                _lib.epk_call_cancel(self._handle)

    def reply(self):
        """The answer as far as it came; append its "message" to the messages to go on."""
        reply = _make(_lib.epk_call_reply, self._handle)
        try:
            return json.loads(_bytes(_lib.epk_reply_json, reply))
        finally:
            _lib.epk_reply_free(reply)

    def close(self):
        with self._lock:
            handle, self._handle = self._handle, None
        _lib.epk_call_free(handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_handle", None):
            self.close()
