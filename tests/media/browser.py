"""A real browser that plays files: for each its length, whether it could seek, and whether a picture was drawn."""

import http.server
import json
import queue
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = """<!doctype html><video muted></video><canvas width=16 height=16></canvas><script>
const video = document.querySelector('video');
const pen = document.querySelector('canvas').getContext('2d', {willReadFrequently: true});
const heard = (name) => new Promise((done, fail) => {
  video.addEventListener(name, done, {once: true});
  video.addEventListener('error', () => fail(video.error.message), {once: true});
  setTimeout(() => fail('no ' + name), 8000);
});
async function play(name) {
  const body = await (await fetch('/files/' + name)).blob();
  const loaded = heard('loadeddata');
  video.src = URL.createObjectURL(body);
  await loaded;
  const sought = heard('seeked');
  const goal = video.duration / 2;
  video.currentTime = goal;
  await sought;
  let contrast = 0;
  for (let look = 0; look < 60 && contrast < 30; look += 1) {  // drawn a moment after it was found
    await new Promise((done) => setTimeout(done, 50));
    contrast = drawn();
  }
  return {duration: video.duration, at: video.currentTime, goal, width: video.videoWidth,
          height: video.videoHeight, contrast, row: [...pen.getImageData(0, 8, 16, 1).data]};
}
function drawn() {
  pen.clearRect(0, 0, 16, 16);
  pen.drawImage(video, 0, 0, 16, 16);
  const light = pen.getImageData(0, 0, 16, 16).data.filter((_, at) => at % 4 < 3);
  return Math.max(...light) - Math.min(...light);
}
(async () => {
  const found = {};
  for (const name of await (await fetch('/names')).json()) {
    try { found[name] = await play(name); } catch (error) { found[name] = {error: String(error)}; }
  }
  await fetch('/found', {method: 'POST', body: JSON.stringify(found)});
})();
</script>"""
PATIENCE_S = 120


@dataclass(frozen=True, slots=True)
class Played:
    """What the browser says of one file; `error` is empty when it played."""

    duration: float = 0.0
    at: float = 0.0
    goal: float = -1.0
    width: int = 0
    height: int = 0
    contrast: int = 0
    error: str = ""
    row: tuple[int, ...] = ()

    @property
    def colours(self) -> list[tuple[int, int, int]]:
        """Red, green and blue of sixteen points across the middle of the picture."""
        at = range(0, len(self.row), 4)
        return [(self.row[n], self.row[n + 1], self.row[n + 2]) for n in at]


def played(files: Sequence[Path], profile: Path) -> dict[str, Played]:
    """Open all files in one page of a headless Chromium; by name. Names must differ."""
    answers: queue.Queue[dict[str, Any]] = queue.Queue()
    by_name = {path.name: path for path in files}

    class Desk(http.server.BaseHTTPRequestHandler):
        """The page, the files, and the place for the answer."""

        def do_GET(self) -> None:
            name = self.path.removeprefix("/files/")
            if name in by_name:
                self._give(by_name[name].read_bytes(), "video/mp4")
            elif self.path == "/names":
                self._give(json.dumps(list(by_name)).encode(), "application/json")
            else:
                self._give(PAGE.encode(), "text/html")

        def do_POST(self) -> None:
            answers.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._give(b"{}", "application/json")

        def _give(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Desk) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = subprocess.Popen(
            [
                *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
                *("--disable-background-networking", f"--user-data-dir={profile}"),
                *("--remote-debugging-port=0", f"http://127.0.0.1:{server.server_port}/"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            found = answers.get(timeout=PATIENCE_S)
        finally:
            browser.terminate()
            browser.wait()
            server.shutdown()
    return {
        name: Played(**(said | {"row": tuple(said.get("row", ()))})) for name, said in found.items()
    }
