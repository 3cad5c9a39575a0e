"""The store of libweir.so, against a real relay: WEIR_LIB and WEIR_BIN name them.

    store_test.py                                all of it
    store_test.py --publish ADDRESS STORE N      a process that publishes, says "kept", and waits to be killed
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import weir
from relay import Relay
from weir import Client, Error, until

PATIENCE = 60  # far more than any machine needs; a condition that never comes fails instead of hanging


class Store(unittest.TestCase):
    def setUp(self):
        self.relay = self.enterContext(Relay())
        self.folder = tempfile.mkdtemp(prefix="weir-c-store-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.store = os.path.join(self.folder, "store")

    def client(self, store=None):
        client = Client(self.relay.grpc, store=(store or self.store).encode())
        self.addCleanup(lambda: client.handle and client.free())
        return client

    def refused(self, store):
        with self.assertRaises(Error) as refused:
            Client(self.relay.grpc, store=store.encode())
        self.assertEqual(refused.exception.kind, 19, refused.exception)
        self.assertIn(store, str(refused.exception))
        return refused.exception.code

    def payloads(self, document="plan"):
        reader = Client(self.relay.grpc)
        opened = reader.open("space", document)
        opened.when_caught_up().result(PATIENCE)
        read = [payload for _, payload, _ in opened.records]
        opened.free()
        reader.free()
        return read

    def send_all(self, client, document="plan"):
        opened = client.open("space", document)
        opened.when_stored().result(PATIENCE)
        return opened

    def test_what_was_published_offline_outlives_the_client(self):
        self.relay.kill()
        first = self.client()
        self.assertEqual(first.unsent(), [])
        plan, other = first.open("space", "plan"), first.open("space", "other")
        waiting = [plan.publish(b"offline %d" % i) for i in range(20)] + [other.publish(b"elsewhere")]
        for document in (plan, other):
            document.when_kept().result(PATIENCE)
        first.free()  # the documents' handles stay, and do not hold the folder
        for future in waiting:
            with self.assertRaises(Error) as closed:
                future.result(0)
            self.assertEqual(closed.exception.kind, 12)
        second = self.client()
        self.assertEqual(sorted(second.unsent()), [("space", "other"), ("space", "plan")])
        again = second.open("space", "plan")
        again.publish(b"and then")
        self.relay.start()
        again.when_stored().result(PATIENCE)
        self.send_all(second, "other").free()
        second.free()
        for document in (plan, other, again):
            document.free()
        third = self.client()
        self.assertEqual(third.unsent(), [])
        self.send_all(third).free()
        self.assertEqual(self.payloads(), [*(b"offline %d" % i for i in range(20)), b"and then"])
        self.assertEqual(self.payloads("other"), [b"elsewhere"])

    def kill_one_that_publishes(self, count):
        command = [sys.executable, __file__, "--publish", self.relay.grpc, self.store, str(count)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
            self.assertEqual(writer.stdout.readline(), "kept\n")
            writer.kill()

    def test_what_was_kept_outlives_the_process_and_is_stored_once(self):
        self.kill_one_that_publishes(50)  # the relay may have any part of it
        self.relay.kill()
        self.kill_one_that_publishes(50)  # while nobody is there
        self.relay.start()
        client = self.client()
        self.assertEqual(client.unsent(), [("space", "plan")])
        self.send_all(client).free()
        read = self.payloads()
        self.assertEqual(len(read), 100)
        self.assertEqual(sorted(set(read)), sorted(read[:50]))  # both have published the same words
        self.assertEqual(read[:50], read[50:])

    def test_of_an_encrypted_document_only_what_is_sealed_is_kept(self):
        key = b"k" * 32
        self.relay.kill()
        first = self.client()
        document = first.open("space", "secret", key=key, key_id=1)
        document.publish(b"between us")
        document.when_kept().result(PATIENCE)
        first.free()
        document.free()
        for file in pathlib.Path(self.store).iterdir():
            self.assertNotIn(b"between us", file.read_bytes())
        self.relay.start()
        second = self.client()
        with self.assertRaises(Error) as refused:
            second.open("space", "secret", key=b"?" * 32, key_id=2)
        self.assertEqual(refused.exception.code, "FAILED_PRECONDITION")
        again = second.open("space", "secret", key=key, key_id=1)
        again.when_stored().result(PATIENCE)
        until(lambda: len(again.records) == 1, "it comes back")
        again.free()

    def test_one_client_at_a_time_has_the_folder(self):
        first = self.client()
        self.assertEqual(self.refused(self.store), "FAILED_PRECONDITION")
        code = "import sys, weir\ntry: weir.Client('127.0.0.1:1', store=sys.argv[1].encode())\n" \
               "except weir.Error as error: print(error.code, error.kind)"
        other = subprocess.run([sys.executable, "-c", code, self.store], cwd=os.path.dirname(__file__), text=True,
                               capture_output=True, check=True)
        self.assertEqual(other.stdout, "FAILED_PRECONDITION 19\n")
        weir.lib.weir_client_close(first.handle)
        self.client().free()

    def test_says_where_it_cannot_be(self):
        taken = pathlib.Path(self.folder, "a file")
        taken.write_bytes(b"")
        self.assertEqual(self.refused(str(taken)), "UNAVAILABLE")
        self.assertEqual(self.refused(str(taken / "store")), "UNAVAILABLE")
        self.client().free()
        pathlib.Path(self.store, "journal").write_bytes(b"no journal of weir's " * 100)
        self.assertEqual(self.refused(self.store), "DATA_LOSS")
        closed = pathlib.Path(self.folder, "closed")
        closed.mkdir(0o500)
        if os.geteuid() != 0:  # root may write anywhere
            self.assertEqual(self.refused(str(closed / "store")), "PERMISSION_DENIED")

    def test_without_a_store_nothing_is_kept(self):
        client = Client(self.relay.grpc)
        self.addCleanup(client.free)
        document = client.open("space", "plan")
        self.addCleanup(document.free)
        self.assertEqual(client.unsent(), [])
        with self.assertRaises(Error) as none:
            document.when_kept().result(PATIENCE)
        self.assertEqual((none.exception.code, none.exception.kind), ("FAILED_PRECONDITION", 19))


def publish(address, store, count):
    document = Client(address, store=store.encode()).open("space", "plan")
    for i in range(int(count)):
        document.publish(b"word %d" % i)
    document.when_kept().result(PATIENCE)
    print("kept", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--publish"]:
        publish(*sys.argv[2:])
    else:
        unittest.main(verbosity=2)
