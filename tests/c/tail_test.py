"""The C program `tail` against a real relay: WEIR_C_TAIL and WEIR_BIN name them."""
import os
import subprocess
import unittest

from relay import Relay


def tail(relay, *flags, **options):
    return subprocess.Popen([os.environ["WEIR_C_TAIL"], relay.grpc, "space", "plan", *flags], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)


def publish(relay, text):
    writer = tail(relay, "--publish")
    writer.communicate(text)
    return writer.returncode


class Tail(unittest.TestCase):
    def test_what_one_publishes_another_reads_before_and_after_the_relay_was_killed(self):
        with Relay() as relay:
            reader = tail(relay)
            self.assertEqual(publish(relay, "one\ntwo\n"), 0)
            lines = [reader.stdout.readline() for _ in range(2)]
            relay.kill()
            late = tail(relay, "--publish", stderr=subprocess.PIPE)
            late.stdin.write("three\n")
            late.stdin.flush()
            self.assertIn("127.0.0.1", late.stderr.readline())  # it has tried in vain
            relay.start()
            late.communicate()
            self.assertEqual(late.returncode, 0)
            lines.append(reader.stdout.readline())
            self.assertEqual([line.split()[1:] for line in lines], [["theirs", word] for word in ("one", "two", "three")])
            reader.kill()
            reader.communicate()

    def test_says_what_is_wrong(self):
        with Relay() as relay:
            run = subprocess.run([os.environ["WEIR_C_TAIL"], relay.grpc, "space", "a\nb"], text=True, capture_output=True)
            self.assertEqual(run.returncode, 1)
            self.assertIn("name", run.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
