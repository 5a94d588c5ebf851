#!/bin/bash
# Compares uploads by tus 1.0 with plain PUTs in the same run; prints ratios of time.
#   resumable.sh [VIDEOD] [ROUNDS] [PORT]
# Needs python3 and 4 GB of disk. Each figure is the median of ROUNDS.
set -euo pipefail
videod=${1:-build/release/videod} rounds=${2:-5} port=${3:-20930}
folder=$(mktemp -d)
cat >"$folder/videod.toml" <<END
[stream]
max_uploads_per_ip = 0
[access]
max_pending = 0
[storage]
free_space_floor = 0
[log]
access = false
END
"$videod" --config "$folder/videod.toml" --data-dir "$folder/data" --listen "127.0.0.1:$port" 2>"$folder/log" &
ours=$!
trap 'kill $ours 2>/dev/null; wait; rm -rf "$folder"' EXIT
until curl -fs "http://127.0.0.1:$port/readyz" >/dev/null; do kill -0 $ours; done
python3 - "$port" "$rounds" "$folder/data" <<'END'
import http.client, json, os, statistics, sys, time

port, rounds, data = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
MiB = 1 << 20
block = b"\0\0\0\x18ftypmp42" + os.urandom(MiB - 12)
connection = http.client.HTTPConnection("127.0.0.1", port)


def ask(method, target, headers={}, body=None, status=(200, 201, 204)):
    connection.request(method, target, body, {"Tus-Resumable": "1.0.0", **headers, **signed})
    reply = connection.getresponse()
    text = reply.read()
    assert reply.status in status, (method, target, reply.status, text)
    return reply, text


def blocks(size):
    while size > 0:
        yield block[:size]
        size -= MiB


signed = {}
name = json.dumps({"user_name": "anna", "pwd": "long enough"})
signed = {"X-Session-Id": json.loads(ask("POST", "/user", body=name)[1])["session_id"]}


def put(size):
    video = json.loads(ask("POST", "/user/anna/videos", body='{"name":"x"}')[1])["id"]
    ask("PUT", "/upload/" + video, {"Content-Length": str(size)}, blocks(size))
    return video


def tus(size, piece):
    reply, _ = ask("POST", "/uploads", {"Upload-Length": str(size), "Content-Length": "0"})
    upload, video = reply.getheader("Location"), reply.getheader("X-Video-Id")
    for at in range(0, size, piece):
        now = min(piece, size - at)
        ask("PATCH", upload, {"Upload-Offset": str(at), "Content-Length": str(now),
                              "Content-Type": "application/offset+octet-stream"}, blocks(now))
    return video


def timed(work):
    os.sync()
    began = time.monotonic()
    videos = work()
    took = time.monotonic() - began
    for video in videos:
        ask("DELETE", "/video/%s?now=1" % video)
    while any(files for _, _, files in os.walk(data + "/blobs")):
        time.sleep(0.05)
    return took


cases = {
    "1 GiB in one PATCH": (lambda: [put(1024 * MiB)], lambda: [tus(1024 * MiB, 1024 * MiB)], 1.15),
    "1 GiB in pieces of 64 MiB": (lambda: [put(1024 * MiB)], lambda: [tus(1024 * MiB, 64 * MiB)], 1.3),
    "200 files of 16 KiB": (lambda: [put(16384) for _ in range(200)],
                            lambda: [tus(16384, 16384) for _ in range(200)], 2),
}
for name, (plain, resumable, goal) in cases.items():
    # One after the other, so that a slow moment of the disk hits both.
    times = [(timed(plain), timed(resumable)) for _ in range(rounds)]
    ratio = statistics.median(tus_ / put_ for put_, tus_ in times)
    print("%-28s %.2f times a PUT (goal %.2f); PUT %.2f s" %
          (name, ratio, goal, statistics.median(put_ for put_, _ in times)))
END
