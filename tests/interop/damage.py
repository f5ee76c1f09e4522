#!/usr/bin/python3
"""Makes a damaged copy of an exported ledger, to see who notices.

There are two kinds of damage. That of a *vandal* changes files. That of a
*thief*, who has the key in force, is sealed again: signatures, tree and
checkpoint are right for what the log says now, so that each rule of the format
has to catch its own breach. Prints the verifier key of the copy's checkpoint.
"""

import argparse
import os
import shutil
import struct
import sys

from nacl.signing import SigningKey

import second_verifier as reader

SEED_HEADER = "ppn-ed25519-seed-v1 "
NODE_KEY_ROTATED, NODE_INITIALISED = 4, 1


# -- writing FlatBuffers ------------------------------------------------------

ALIGNMENTS = {"u8": 1, "u16": 2, "u64": 8, "i64": 8, "clock": 8,
              "16": 1, "32": 1, "64": 1}


def pad(out, alignment):
    out.extend(bytes(-len(out) % alignment))


def write_bytes(out, data, end):
    pad(out, 4)
    at = len(out)
    out.extend(struct.pack("<I", len(data)) + data + end)
    return at


def write_table(out, name, values):
    """Appends a table in an order of its own; returns where it is."""
    offsets, size = [], 4
    for marked_name, kind in reader.TABLES[name]:
        value = values[marked_name.rstrip("!")]
        if value is None or value == 0:
            offsets.append(0)
            continue
        size += -size % ALIGNMENTS.get(kind, 4)
        offsets.append(size)
        size += (reader.SCALARS[kind].size if kind in reader.SCALARS
                 else len(value) if kind in ALIGNMENTS else 4)
    pad(out, 8)
    vtable = len(out)
    out.extend(struct.pack(f"<{2 + len(offsets)}H", 4 + 2 * len(offsets), size,
                           *offsets))
    pad(out, 8)
    table = len(out)
    out.extend(struct.pack("<i", table - vtable) + bytes(size - 4))
    for (marked_name, kind), offset in zip(reader.TABLES[name], offsets):
        if offset == 0:
            continue
        value, at = values[marked_name.rstrip("!")], table + offset
        if kind in reader.SCALARS:
            reader.SCALARS[kind].pack_into(out, at, value)
        elif kind in ALIGNMENTS:
            out[at:at + len(value)] = value
        else:
            target = write_target(out, kind, value, values)
            struct.pack_into("<I", out, at, target - at)
    return table


def write_target(out, kind, value, values):
    if kind == "string":
        return write_bytes(out, value, b"\0")
    if kind == "bytes":
        return write_bytes(out, value, b"")
    if kind == "event":
        kind = reader.EVENTS[values["payload_type"]]
    return write_table(out, kind, value)


def encode(entry):
    out = bytearray(b"\0\0\0\0PPNE")
    root = write_table(out, "Entry", entry)
    struct.pack_into("<I", out, 0, root)
    return bytes(out)


# -- a log that can be changed and sealed again -------------------------------

class Log:
    def __init__(self, directory, seed_file):
        self.export = reader.Export(directory)
        with open(seed_file, encoding="ascii") as file:
            text = file.read()
        self.key = SigningKey(bytes.fromhex(text.removeprefix(SEED_HEADER)))
        note = self.export.read("checkpoint", reader.MAX_NOTE_SIZE)
        self.checkpoint = reader.Checkpoint(note)
        self.records = list(self.export.records(self.checkpoint.size))
        self.node = bytes.fromhex(
            self.checkpoint.origin.removeprefix(reader.ORIGIN_PREFIX))
        self.checkpoint_key = self.key

    def entry(self, place):
        data = self.records[place][:-reader.SIGNATURE_SIZE]
        return reader.FlatBuffer(data).entry()

    def sign(self, data, key=None):
        signature = (key or self.key).sign(reader.ENTRY_DOMAIN + data).signature
        return data + signature

    def replace_last(self, data):
        self.records[-1] = self.sign(data)

    def change_last(self, **fields):
        """Replaces the last entry by one with other fields."""
        self.replace_last(encode({**self.entry(-1), **fields}))

    def append(self, entry):
        """Appends an entry where its place and its stream are due."""
        version = 1 + sum(self.entry(place)["stream"] == entry["stream"]
                          for place in range(len(self.records)))
        entry = {**entry, "sequence": len(self.records),
                 "prev": self.link(), "stream_version": version}
        self.records.append(self.sign(encode(entry)))

    def link(self):
        return reader.sha256(b"\0", self.records[-1][:-reader.SIGNATURE_SIZE])

    def last_place_of(self, event):
        return max(place for place in range(len(self.records))
                   if self.entry(place)["payload_type"] == event)

    def rotation(self, new_key, signer):
        """A rotation to `new_key` that is due next, agreed to by `signer`."""
        public = bytes(new_key.verify_key)
        statement = (self.node + struct.pack(">Q", len(self.records)) +
                     self.link() + public)
        signature = signer.sign(reader.ROTATION_DOMAIN + statement).signature
        template = self.entry(self.last_place_of(NODE_KEY_ROTATED))
        return {**template, "payload": {"new_key": public,
                                        "new_key_signature": signature}}

    def seal(self, directory):
        """Writes the export of what the records are now."""
        size = len(self.records)
        for index, width in reader.tiles_of(size):
            first = index * reader.TILE_WIDTH
            write_file(directory, reader.tile_name("entries", index, width),
                       join_records(self.records[first:first + width]))
        leaves = [reader.leaf_hash(record) for record in self.records]
        row, level = leaves, 0
        while row:
            for index, width in reader.tiles_of(len(row)):
                first = index * reader.TILE_WIDTH
                write_file(directory, reader.tile_name(level, index, width),
                           b"".join(row[first:first + width]))
            row, level = reader.level_above(row, 8), level + 1
        origin = self.checkpoint.origin
        root = reader.base64.b64encode(reader.tree_root(leaves)).decode()
        text = f"{origin}\n{size}\n{root}\n"
        write_file(directory, "checkpoint",
                   make_note(origin, text, self.checkpoint_key))
        return verifier_key(origin, self.checkpoint_key)


def join_records(records):
    return b"".join(struct.pack(">H", len(record)) + record
                    for record in records)


def make_note(name, text, key, key_id=None):
    key_id = key_id or reader.VerifierKey(name, bytes(key.verify_key)).id
    blob = key_id + key.sign(text.encode()).signature
    encoded = reader.base64.b64encode(blob).decode()
    return f"{text}\n\N{EM DASH} {name} {encoded}\n".encode()


def verifier_key(name, key):
    public = bytes(key.verify_key)
    encoded = reader.base64.b64encode(b"\1" + public).decode()
    return f"{name}+{reader.VerifierKey(name, public).id.hex()}+{encoded}"


def write_file(directory, name, data):
    path = os.path.join(directory, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path):
        os.remove(path)  # it is read-only
    with open(path, "wb") as file:
        file.write(data)


def flip(data, at, bit=0):
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)


# -- what a vandal does -------------------------------------------------------

class Files:
    """The files of the copy, and what its log was."""

    def __init__(self, directory, log):
        self.directory = directory
        self.log = log

    def bundle(self, index, records):
        """Bundle `index` of the log gets other records."""
        width = len(self.records(index))
        write_file(self.directory, reader.tile_name("entries", index, width),
                   join_records(records))

    def records(self, index):
        first = index * reader.TILE_WIDTH
        return self.log.records[first:first + reader.TILE_WIDTH]

    @property
    def last_bundle(self):
        return (len(self.log.records) - 1) // reader.TILE_WIDTH

    def flip_in_tile(self, level, hash_index):
        count = len(self.log.records) >> 8 * level
        index, width = list(reader.tiles_of(count))[-1]
        name = reader.tile_name(level, index, width)
        tile = reader.Export(self.directory).read(name, 8192)
        write_file(self.directory, name, flip(tile, 32 * hash_index + 7))

    def remove(self, name):
        os.remove(os.path.join(self.directory, name))

    def note(self, data):
        write_file(self.directory, "checkpoint", data)


def entry_bit(files):
    records = files.records(2)
    records[5] = flip(records[5], len(records[5]) - 80, 3)
    files.bundle(2, records)


def signature_bit(files):
    records = files.records(2)
    records[5] = flip(records[5], len(records[5]) - 40)
    files.bundle(2, records)


def length_bit(files):
    index = 2
    data = join_records(files.records(index))
    write_file(files.directory,
               reader.tile_name("entries", index, reader.TILE_WIDTH),
               flip(data, 1, 2))


def leaf_tile_bit(files):
    files.flip_in_tile(0, 3)


def upper_tile_bit(files):
    files.flip_in_tile(1, 0)


def top_tile_bit(files):
    files.flip_in_tile(2, 0)


def root_bit(files):
    checkpoint = files.log.checkpoint
    root = reader.base64.b64encode(checkpoint.root)
    other = reader.base64.b64encode(flip(checkpoint.root, 0))
    note = files.log.export.read("checkpoint", reader.MAX_NOTE_SIZE)
    files.note(note.replace(root, other))


def size_changed(files):
    note = files.log.export.read("checkpoint", reader.MAX_NOTE_SIZE)
    size = files.log.checkpoint.size
    files.note(note.replace(b"\n%d\n" % size, b"\n%d\n" % (size - 1)))


def swapped_records(files):
    records = files.records(2)
    records[5], records[6] = records[6], records[5]
    files.bundle(2, records)


def swapped_bundles(files):
    files.bundle(1, files.records(2))
    files.bundle(2, files.records(1))


def last_dropped(files):
    files.bundle(files.last_bundle, files.records(files.last_bundle)[:-1])


def one_too_many(files):
    records = files.records(files.last_bundle)
    files.bundle(files.last_bundle, records + records[-1:])


def bundle_missing(files):
    files.remove(reader.tile_name("entries", 3, reader.TILE_WIDTH))


def tile_missing(files):
    files.remove(reader.tile_name(0, 3, reader.TILE_WIDTH))


def other_key(files):
    """A checkpoint of the right tree by a key that nobody knows."""
    checkpoint = files.log.checkpoint
    files.note(make_note(checkpoint.origin, checkpoint.text,
                         SigningKey.generate()))


def other_key_in_disguise(files):
    """The same under the key id of the right key."""
    checkpoint = files.log.checkpoint
    files.note(make_note(checkpoint.origin, checkpoint.text,
                         SigningKey.generate(),
                         key_id=checkpoint.signatures[0][1]))


# -- what a thief does --------------------------------------------------------

def nothing(_log):
    """To see that what is sealed again is valid, and only damage is not."""


def reencoded(log):
    """Other bytes for the same values: another log, and a valid one."""
    log.change_last()


def wrong_sequence(log):
    log.change_last(sequence=len(log.records))


def wrong_prev(log):
    log.change_last(prev=flip(log.entry(-1)["prev"], 0))


def wrong_node(log):
    log.change_last(node=flip(log.entry(-1)["node"], 0))


def wrong_stream_version(log):
    log.change_last(stream_version=log.entry(-1)["stream_version"] + 1)


def wrong_stream_name(log):
    log.change_last(stream=b"No Such Name", stream_version=1)


def no_event(log):
    data = log.records[-1][:-reader.SIGNATURE_SIZE]
    log.replace_last(with_scalar(data, 9, "B", 0))


def wrong_entry_signature(log):
    log.records[700] = flip(log.records[700], len(log.records[700]) - 1 - 40)


def key_not_in_force(log):
    """Signs an entry of a time before the key took over."""
    log.records[700] = log.sign(log.records[700][:-reader.SIGNATURE_SIZE])


def founded_twice(log):
    log.append(log.entry(0))


def found_with_new_key(log, **fields):
    """Makes it a log of one entry, with some of its fields."""
    founder = SigningKey.generate()
    entry = {**log.entry(0), **fields}
    public = entry["payload"]["identity"]["key"] = bytes(founder.verify_key)
    if "node" not in fields:
        entry["node"] = reader.sha256(reader.NODE_ID_DOMAIN, public)[:16]
    log.checkpoint.origin = reader.ORIGIN_PREFIX + entry["node"].hex()
    log.records = [log.sign(encode(entry), founder)]
    log.checkpoint_key = founder


def founded_anew(log):
    """A log of one entry, by all the rules."""
    found_with_new_key(log)


def founded_as_another(log):
    """A node that is not named after its key."""
    found_with_new_key(log, node=log.node)


def founded_in_other_stream(log):
    found_with_new_key(log, stream=b"somewhere/else")


def founded_late(log):
    found_with_new_key(log, prev=b"\1" * 32)


def rotated(log):
    """One more rotation, by all the rules."""
    new_key = SigningKey.generate()
    log.append(log.rotation(new_key, signer=new_key))
    log.key = log.checkpoint_key = new_key


def rotated_twice(log):
    """The new key signs, too."""
    rotated(log)
    rotated(log)


def rotated_by_force(log):
    """The key that takes over never agreed to it."""
    new_key = SigningKey.generate()
    log.append(log.rotation(new_key, signer=log.key))
    log.key = log.checkpoint_key = new_key


def rotated_elsewhere(log):
    """A rotation for another place is played again."""
    template = log.entry(log.last_place_of(NODE_KEY_ROTATED))
    log.append(template)


def rotated_in_other_stream(log):
    new_key = SigningKey.generate()
    log.append({**log.rotation(new_key, signer=new_key),
                "stream": b"somewhere/else"})
    log.key = log.checkpoint_key = new_key


def checkpoint_by_old_key(log):
    old_key = log.key
    rotated(log)
    log.checkpoint_key = old_key


def entry_by_old_key(log):
    old_key = log.key
    rotated(log)
    log.key = old_key
    log.append(log.entry(-2))


def cut_short(log):
    """Valid by itself: only an older checkpoint tells."""
    del log.records[-10:]


def rewritten(log):
    """Valid by itself, of the same size, and another log."""
    log.change_last(clock=bytes(24))


def root_slots(data):
    """Where the table of an entry is, and its vtable."""
    table = struct.unpack_from("<I", data)[0]
    return table, table - struct.unpack_from("<i", data, table)[0]


def with_scalar(data, slot, code, value):
    table, vtable = root_slots(data)
    offset = struct.unpack_from("<H", data, vtable + 4 + 2 * slot)[0]
    changed = bytearray(data)
    struct.pack_into("<" + code, changed, table + offset, value)
    return bytes(changed)


def needs_later_level(log):
    log.change_last(schema_level=2)


def needs_later_event(log):
    data = log.records[-1][:-reader.SIGNATURE_SIZE]
    log.replace_last(with_scalar(data, 9, "B", len(reader.EVENTS)))


def change_bytes(log, change):
    data = bytearray(log.records[-1][:-reader.SIGNATURE_SIZE])
    change(data, *root_slots(data))
    log.replace_last(bytes(data))


def root_outside(log):
    change_bytes(log, lambda data, table, vtable: struct.pack_into(
        "<I", data, 0, len(data)))


def vtable_outside(log):
    change_bytes(log, lambda data, table, vtable: struct.pack_into(
        "<i", data, table, -len(data)))


def vtable_too_long(log):
    change_bytes(log, lambda data, table, vtable: struct.pack_into(
        "<H", data, vtable, 0xfffe))


def vtable_odd(log):
    change_bytes(log, lambda data, table, vtable: struct.pack_into(
        "<H", data, vtable, 4 + 2 * 11 + 1))


def field_missing(log):
    change_bytes(log, lambda data, table, vtable: struct.pack_into(
        "<H", data, vtable + 4 + 2 * 5, 0))


def field_unaligned(log):
    def change(data, _table, vtable):
        at = vtable + 4 + 2 * 4
        offset = struct.unpack_from("<H", data, at)[0]
        struct.pack_into("<H", data, at, offset + 1)
    change_bytes(log, change)


def stream_slot(data, table, vtable):
    offset = struct.unpack_from("<H", data, vtable + 4 + 2 * 3)[0]
    return table + offset


def string_unended(log):
    def change(data, table, vtable):
        at = stream_slot(data, table, vtable)
        string = at + struct.unpack_from("<I", data, at)[0]
        length = struct.unpack_from("<I", data, string)[0]
        data[string + 4 + length] = ord("x")
    change_bytes(log, change)


def string_outside(log):
    def change(data, table, vtable):
        at = stream_slot(data, table, vtable)
        string = at + struct.unpack_from("<I", data, at)[0]
        struct.pack_into("<I", data, string, len(data))
    change_bytes(log, change)


def reference_to_itself(log):
    change_bytes(log, lambda data, table, vtable: struct.pack_into(
        "<I", data, stream_slot(data, table, vtable), 0))


def reference_backward(log):
    change_bytes(log, lambda data, table, vtable: struct.pack_into(
        "<I", data, stream_slot(data, table, vtable), 0xffff_fffc))


def wrong_identifier(log):
    change_bytes(log, lambda data, table, vtable: data.__setitem__(7, 0x53))


def trailing_bytes(log):
    """Bytes that nothing refers to; allowed."""
    log.replace_last(log.records[-1][:-reader.SIGNATURE_SIZE] + bytes(8))


VANDAL = [entry_bit, signature_bit, length_bit, leaf_tile_bit, upper_tile_bit,
          top_tile_bit, root_bit, size_changed, swapped_records,
          swapped_bundles, last_dropped, one_too_many, bundle_missing,
          tile_missing, other_key, other_key_in_disguise]
THIEF = [nothing, reencoded, wrong_sequence, wrong_prev, wrong_node,
         wrong_stream_version, wrong_stream_name, no_event,
         wrong_entry_signature, key_not_in_force, founded_twice,
         founded_anew, founded_as_another, founded_in_other_stream,
         founded_late, rotated, rotated_twice, rotated_by_force,
         rotated_elsewhere, rotated_in_other_stream, checkpoint_by_old_key,
         entry_by_old_key, cut_short, rewritten, needs_later_level,
         needs_later_event, root_outside, vtable_outside, vtable_too_long,
         vtable_odd, field_missing, field_unaligned, string_unended,
         string_outside, reference_to_itself, reference_backward,
         wrong_identifier, trailing_bytes]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    by_name = {damage.__name__: damage for damage in VANDAL + THIEF}
    parser.add_argument("damage", choices=by_name, metavar="DAMAGE",
                        help=", ".join(by_name))
    parser.add_argument("export", help="the export to copy")
    parser.add_argument("copy", help="a new directory")
    parser.add_argument("key", help="the file of the private key in force")
    options = parser.parse_args()
    damage = by_name[options.damage]
    log = Log(options.export, options.key)
    if damage in THIEF:
        damage(log)
        print(log.seal(options.copy))
    else:
        shutil.copytree(options.export, options.copy)
        damage(Files(options.copy, log))
        print(verifier_key(log.checkpoint.origin, log.key))


if __name__ == "__main__":
    sys.exit(main())
