"""Holds the rows of a data root against its files: prints a line for each file without a row and each row without its files."""
import os
import sqlite3
import sys

root = sys.argv[1]
database = sqlite3.connect("file:%s?mode=ro" % os.path.join(root, "tare.db"), uri=True)


def rows(query):
    return {row[0] for row in database.execute(query)}


def base36(number):
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + text
        if number == 0:
            return text


def compare(folder, expected):
    path = os.path.join(root, folder)
    present = set(os.listdir(path)) if os.path.isdir(path) else set()
    for name in sorted(present - expected):
        print("no row has %s/%s" % (folder, name))
    for name in sorted(expected - present):
        print("a row misses %s/%s" % (folder, name))


documents = rows("SELECT id FROM image UNION SELECT digest FROM image_manifest UNION SELECT digest FROM image_index")
compare("content/sha256", {digest.split(":")[1] for digest in documents})
compare("content/ingest", set())
compare("content", {"sha256", "ingest"})
layers = rows("SELECT id FROM image_layer")
compare("layers", {base36(layer) for layer in layers})
for layer in layers:
    if not os.path.isdir(os.path.join(root, "layers", base36(layer), "fs")):
        print("the layer %d has no files" % layer)
for layer, state in database.execute("SELECT id, state FROM image_layer WHERE state <> 1"):
    print("the layer %d is in state %d" % (layer, state))
used = rows("SELECT layer FROM image_has_layer UNION SELECT layer FROM image_writable_has_layer")
for layer in sorted(layers - used):
    print("nobody has the layer %d" % layer)
compare("containers", rows("SELECT container FROM image_writable"))
