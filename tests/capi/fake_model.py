"""Runs a program against a small model on loopback: `fake_model.py PROGRAM` starts PROGRAM with the base URL.

/score gives back what it gets. /chat/completions (OpenAI's dialect) does what the last message says:
hello, tool, count: an answer; cut: half an answer; hang: a word and then nothing; limit: status 429.
Of the result of a tool it says for which call it came.
/gemini calls a tool; then it says with which signature the call came back, or what the tool gave.
"""

import http.server
import json
import subprocess
import sys
import threading

HALTED = threading.Event()


def text(piece, finish=None):
    return {"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": finish}]}


def tool(name, arguments, finish=None):
    function = {"name": name, "arguments": arguments} if name else {"arguments": arguments}
    call = {"index": 0, "function": function} | ({"id": "call_1", "type": "function"} if name else {})
    return {"choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": finish}]}


STREAMS = {
    "hello": [text("Grü"), text("ß Gott!"), text("", "stop"), "[DONE]"],
    "tool": [tool("get_weather", ""), tool(None, '{"city":"Bern"}'), tool(None, "", "tool_calls"), "[DONE]"],
    "cut": [text("Gr")],
    "hang": [text("Gr")],
}


class Model(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers["authorization"] != "Bearer k3y":
            return self.whole(401, b"{}")
        if self.path == "/score":
            trace = f"trace={self.headers.get('x-trace')}"
            return self.whole(200, body, {"content-type": self.headers["content-type"], "x-seen": trace})
        if self.path == "/gemini":
            return self.gemini(json.loads(body)["contents"])
        self.chat(json.loads(body))

    def chat(self, request):
        messages = request["messages"]
        wish = messages[-1]["content"]
        if wish == "limit":
            error = {"error": {"code": "429", "message": "slower,\nplease"}}
            return self.whole(429, json.dumps(error).encode(), {"retry-after": "7", "x-ms-request-id": "r-7"})
        if not request.get("stream"):
            said = f"{len(messages)} messages"
            if messages[-1]["role"] == "tool":
                called = messages[-2]["tool_calls"][0]["function"]["name"]
                said = f"{called} {messages[-1]['tool_call_id']}: {wish}"
            message = {"role": "assistant", "content": said}
            reply = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
            return self.whole(200, json.dumps(reply).encode())
        self.stream(wish)

    def gemini(self, contents):
        part = {"functionCall": {"name": "f", "args": {"x": 1.50}}, "thoughtSignature": "c2ln+/8="}
        if len(contents) > 1:
            part = {"text": contents[1]["parts"][0].get("thoughtSignature", "none")}
            if result := contents[-1]["parts"][0].get("functionResponse"):
                part = {"text": f"{result['name']}: {json.dumps(result['response'])}"}
        reply = {"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}]}
        return self.whole(200, json.dumps(reply).encode())

    def whole(self, status, body, headers=None):
        self.send_response(status)
        for name, value in ({"content-type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, wish):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for frame in STREAMS[wish]:
            data = frame if isinstance(frame, str) else json.dumps(frame, ensure_ascii=False)
            chunk = f"data: {data}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        if wish == "hang":
            HALTED.wait()
        if wish in ("cut", "hang"):
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        done = subprocess.run([*sys.argv[1:], f"http://127.0.0.1:{server.server_port}"], check=False)
    finally:
        HALTED.set()
        server.shutdown()
    sys.exit(done.returncode)
