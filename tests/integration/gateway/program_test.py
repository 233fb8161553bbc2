# SPDX-License-Identifier: GPL-3.0-or-later
"""tobari-gateway as a program: its options, its exit codes, one plain line for a bad configuration."""
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
import uuid

PROGRAM = sys.argv.pop(1)


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=20, check=False)


class Program(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def config(self, text):
        path = self.folder / "gateway.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    def refused(self, *arguments):
        result = run(*arguments)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        return result.stderr

    def test_version_and_help(self):
        self.assertRegex(run("--version").stdout, r"^tobari-gateway \d+\.\d+")
        self.assertIn("enrol", run("--help").stdout)

    def test_bad_configuration(self):
        self.assertIn("no-such.yaml", self.refused("--config", "no-such.yaml"))
        self.assertIn("broker", self.refused("--config", self.config("listen: 127.0.0.1:0\n")))

    def test_not_enrolled(self):
        config = self.config(f"listen: 127.0.0.1:0\nbroker: 127.0.0.1:1\nidentity_dir: {self.folder}/none\n")
        self.assertIn("enrol this node first", self.refused("--config", config))

    def test_bad_join_token(self):
        config = self.config(f"listen: 127.0.0.1:0\nbroker: 127.0.0.1:1\nidentity_dir: {self.folder}/new\n")
        self.assertIn("not a join token", self.refused("enrol", "--config", config, "--join-token", "rubbish"))
        self.assertFalse((self.folder / "new").exists())

    def identity(self):
        """As enrolment would leave it; the broker is away all the time."""
        folder = self.folder / "identity"
        folder.mkdir()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                        "/CN=edge", "-keyout", folder / "node.key", "-out", folder / "node.crt"], check=True,
                       capture_output=True)
        (folder / "ca.crt").write_bytes((folder / "node.crt").read_bytes())
        (folder / "node.id").write_text(f"{uuid.uuid4()}\n", encoding="ascii")
        return folder

    def test_serves_reports_and_ends(self):
        config = self.config(f"listen: 127.0.0.1:0\nbroker: 127.0.0.1:1\nidentity_dir: {self.identity()}\n")
        with subprocess.Popen([PROGRAM, "--config", config], stderr=subprocess.PIPE, text=True) as gateway:
            self.addCleanup(gateway.kill)

            def line_with(text):
                for line in gateway.stderr:
                    if text in line:
                        return line
                self.fail(f"ended without '{text}'")

            port = int(re.search(r"address=127\.0\.0\.1:(\d+)", line_with("gateway listens")).group(1))
            with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                client.sendall(b"GET / HTTP/1.1\r\n\r\n")
                try:
                    self.assertEqual(client.recv(1), b"")
                except ConnectionResetError:
                    pass
            self.assertIn("reason=malformed", line_with("connection refused"))
            gateway.send_signal(signal.SIGUSR1)
            self.assertIn("malformed=1", line_with("counters"))
            with socket.create_connection(("127.0.0.1", port), timeout=10):
                gateway.send_signal(signal.SIGTERM)
                line_with("gateway stopped")
            self.assertEqual(gateway.wait(timeout=10), 0)


unittest.main()
