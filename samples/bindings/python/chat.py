"""How do I chat from Python? One turn for each message of the command line, streamed as it comes:

    python3 chat.py URI MESSAGE...
"""

import sys

import endpointkit


def take_turn(endpoint, messages, text):
    """Asks, prints the answer while it comes, and appends both to the conversation."""
    messages.append({"role": "user", "content": text})
    with endpoint.chat(messages) as call:
        for event in call:
            if event.kind == endpointkit.TEXT:
                print(event.text, end="", flush=True)
        print()
        messages.append(call.reply()["message"])


def main(uri, *texts):
    endpoint, messages = endpointkit.Endpoint(uri), []
    for text in texts:
        take_turn(endpoint, messages, text)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(f"usage: {sys.argv[0]} URI MESSAGE...")
    try:
        main(*sys.argv[1:])
    except endpointkit.EndpointKitError as error:
        sys.exit(str(error))
