# SPDX-License-Identifier: MPL-2.0
"""An S3 service for one test: MinIO, with TLS and an authority of its own, where only containers reach it.

    minio = Minio(binary, "/tmp/x", docker.gateway("bridge"))
    minio.start(); ...; minio.stop()     # what it keeps stays
    minio.end()                          # and is gone now
"""

import os
import secrets
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

EC_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Authority:
    """Signs certificates for one address."""

    def __init__(self, folder, name):
        self._key, self._certificate = f"{folder}/{name}.key", f"{folder}/{name}.pem"
        openssl("req", "-x509", *EC_KEY, "-days", "2", "-subj", f"/CN={name}", "-keyout", self._key,
                "-out", self._certificate)
        with open(self._certificate, encoding="utf-8") as certificate:
            self.pem = certificate.read()

    def certify(self, folder, address, days=2):
        """A key and a certificate, in the files that MinIO looks for. With 0 days it has expired by then."""
        request, extensions = f"{folder}/request.pem", f"{folder}/extensions"
        with open(extensions, "w", encoding="utf-8") as file:
            file.write(f"subjectAltName=IP:{address}\n")
        openssl("req", *EC_KEY, "-subj", f"/CN={address}", "-keyout", f"{folder}/private.key", "-out", request)
        openssl("x509", "-req", "-days", str(days), "-in", request, "-CA", self._certificate, "-CAkey", self._key,
                "-CAcreateserial", "-extfile", extensions, "-out", f"{folder}/public.crt")


class Minio:
    BUCKET = "backups"

    def __init__(self, binary, folder, address, log=os.devnull):
        self._binary = binary
        self._folder = folder
        self._address = address
        self._log = log
        self._process = None
        self.access_key, self.secret_key = secrets.token_hex(10), secrets.token_hex(20)
        for name in ("certificates", f"data/{self.BUCKET}"):  # A folder in its data is a bucket.
            os.makedirs(os.path.join(folder, name))
        self.authority = Authority(folder, "authority")
        self.certify()
        with socket.socket() as free:
            free.bind((address, 0))
            self._port = free.getsockname()[1]
        self.endpoint = f"https://{address}:{self._port}"

    def certify(self, days=2):
        """A new certificate, from the next start on."""
        self.authority.certify(os.path.join(self._folder, "certificates"), self._address, days)

    def start(self):
        environment = {"PATH": os.environ["PATH"], "HOME": self._folder, "MINIO_ROOT_USER": self.access_key,
                       "MINIO_ROOT_PASSWORD": self.secret_key, "MINIO_BROWSER": "off", "MINIO_UPDATE": "off"}
        with open(self._log, "a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [self._binary, "server", "--address", f"{self._address}:{self._port}", "--certs-dir",
                 f"{self._folder}/certificates", f"{self._folder}/data"], env=environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"MinIO does not serve; its log: {self._log}")
            time.sleep(0.1)

    def _is_ready(self):
        # Whether its certificate is any good is for others to find out.
        trusting = ssl._create_unverified_context()
        try:
            with urllib.request.urlopen(f"{self.endpoint}/minio/health/cluster", timeout=2, context=trusting):
                return True
        except (OSError, urllib.error.URLError):
            return False

    def stop(self):
        if self._process is not None:
            self._process.kill()  # What it acknowledged is on the disk.
            self._process.wait()
            self._process = None

    def end(self):
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def objects(self):
        """Names of all objects in the bucket. MinIO keeps each in a folder of its name."""
        bucket = os.path.join(self._folder, "data", self.BUCKET)
        return sorted("/" + os.path.relpath(parent, bucket)
                      for parent, _, files in os.walk(bucket) if "xl.meta" in files)
