"""A browser without a screen, driven through chromedriver by what Python has built in (W3C WebDriver)."""

import base64
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

REMEDY = "install chromium and chromium-driver (scripts/setup test does on Debian), or name them by ICEFOLD_TEST_CHROMIUM"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--hide-scrollbars", "--force-device-scale-factor=1",
]


class Browser:
    """One window; to be used in a `with`."""

    def __init__(self, width=1280, height=800, dark=False):
        self.program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        driver = shutil.which("chromedriver")
        if not self.program or not driver:
            raise SystemExit(f"there is no Chromium with its driver: {REMEDY}")
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        command = [driver, "--port=0", f"--log-path={self.folder.name}/driver.log"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if "on port" in line and "successfully" in line:
                self.base = f"http://127.0.0.1:{int(''.join(filter(str.isdigit, line.rsplit('port', 1)[1])))}"
                break
        else:
            raise SystemExit(f"chromedriver does not start: {REMEDY}")
        flags = [*FLAGS, f"--window-size={width},{height}", f"--user-data-dir={self.folder.name}/user"]
        options = {"binary": self.program, "args": flags}
        asked = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": asked}})
        self.session = f"/session/{session['sessionId']}"
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.devtools("Emulation.setEmulatedMedia", features=scheme)
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._call("DELETE", self.session)
        finally:
            self.process.terminate()
            self.process.wait(10)
            self.folder.cleanup()

    def _call(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {json.load(error)['value']['message']}") from None

    def devtools(self, command, **parameters):
        return self._call("POST", f"{self.session}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, address):
        self._call("POST", f"{self.session}/url", {"url": str(address)})

    def run(self, script, *arguments):
        """What a script returns."""
        return self._call("POST", f"{self.session}/execute/sync", {"script": script, "args": list(arguments)})

    def log(self):
        """What the page wrote to its console since the last call."""
        return self._call("POST", f"{self.session}/se/log", {"type": "browser"})

    def until(self, script, seconds=60):
        """Waits for a script to return something true, and gives it back."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.run(f"return {script}")
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"{script} is not so after {seconds} s; the page says {self.run('return document.body.innerText')!r}, "
                             f"its console {self.log()}")

    def whole(self):
        """Waits until all that is in sight is drawn."""
        self.until("document.body.dataset.state === 'whole' && !!window.icefold")
        time.sleep(0.4)

    def move(self, x, y):
        """Puts the mouse at a pixel of the page."""
        self.devtools("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.devtools("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def wheel(self, x, y, amount):
        self.devtools("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=amount)

    def key(self, key):
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if len(key) == 1 else {}
            self.devtools("Input.dispatchKeyEvent", type=kind, key=key, **(text if kind == "keyDown" else {}))

    def screenshot(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self._call("GET", f"{self.session}/screenshot")))
