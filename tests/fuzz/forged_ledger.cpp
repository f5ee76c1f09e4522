#include "tests/fuzz/forged_ledger.hpp"

#include <cstring>

#include "store/byte_order.hpp"
#include "store/ledger_view.hpp"
#include "store/statements.hpp"
#include "tests/fuzz/target.hpp"

namespace ppn::fuzz {

namespace {

using schema::Entry;

/// The entry in `bytes`, whose address is fit for it; null if it is none.
const Entry* entry_in(const Bytes& bytes) {
  auto entry = store::check_entry(bytes);
  return entry ? *entry : nullptr;
}

/// Writes over a struct that stands in `bytes`.
template <class Struct>
void overwrite(Bytes& bytes, const Struct* old, const Struct& fresh) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): to bytes
  const auto* place = reinterpret_cast<const std::uint8_t*>(old);
  std::memcpy(bytes.data() + (place - bytes.data()), &fresh, sizeof fresh);
}

/// False if the field is absent and can not have that value.
bool set_number(Bytes& bytes, flatbuffers::voffset_t field,
                std::uint64_t value) {
  auto* table = flatbuffers::GetMutableRoot<flatbuffers::Table>(bytes.data());
  return table->SetField<std::uint64_t>(field, value, 0);
}

}  // namespace

ForgedLedger::ForgedLedger()
    : node_(store::node_id_of(test_key().public_key())),
      keys_{{0, test_key().public_key()}} {
  auto format = store::as_bytes(store::ledger_format);
  auto key = store::as_bytes(store::meta_format);
  backend_.pairs(store::Table::meta)[{key.begin(), key.end()}] = {
      format.begin(), format.end()};
}

void ForgedLedger::append(ByteView entry) {
  Bytes record{entry.begin(), entry.end()};
  if (entry_in(record) == nullptr || !put_right(record)) return;
  // Parts of a hostile FlatBuffer may overlap.
  const auto* placed = entry_in(record);
  if (placed == nullptr) return;
  auto signature = test_key().sign(store::entry_domain, record);
  Bytes whole = record;
  whole.insert(whole.end(), signature.bytes.begin(), signature.bytes.end());
  put(*placed, whole);
}

bool ForgedLedger::put_right(Bytes& entry) const {
  auto key = test_key().public_key().stored();
  const auto* table = entry_in(entry);
  auto stream = table->stream()->str();
  auto version = streams_.contains(stream) ? streams_.at(stream) + 1 : 1;
  overwrite(entry, table->prev(), link_.stored());
  overwrite(entry, table->node(), node_.stored());
  if (!set_number(entry, Entry::VT_SEQUENCE, size()) ||
      !set_number(entry, Entry::VT_STREAM_VERSION, version) ||
      (table = entry_in(entry)) == nullptr)
    return false;
  if (const auto* identity = store::identity_of(*table))
    overwrite(entry, identity->key(), key);
  if (const auto* rotated = table->payload_as_NodeKeyRotated()) {
    auto statement = store::key_rotation_statement(node_, size(), link_,
                                                   test_key().public_key());
    overwrite(entry, rotated->new_key(), key);
    overwrite(entry, rotated->new_key_signature(),
              test_key().sign(store::key_rotation_domain, statement).stored());
  }
  return true;
}

void ForgedLedger::put(const Entry& entry, ByteView record) {
  auto place = store::big_endian(size());
  const Bytes key{place.begin(), place.end()};
  auto hashes = store::hash_record(*store::split_record(record));
  Bytes nodes;
  auto sequence = size();
  tree_.append(hashes.leaf, [&](const Hash& node) {
    nodes.insert(nodes.end(), node.bytes.begin(), node.bytes.end());
  });
  link_ = hashes.link;
  if (entry.payload_as_NodeKeyRotated() != nullptr)
    keys_.push_back({sequence + 1, test_key().public_key()});
  auto stream = entry.stream()->str();
  streams_[stream] += 1;
  backend_.pairs(store::Table::entries)[key] = {record.begin(), record.end()};
  backend_.pairs(store::Table::tree)[key] = std::move(nodes);
  backend_.pairs(store::Table::streams)[store::stream_key(
      sequence, stream, streams_[stream])] = key;
}

store::LedgerPosition ForgedLedger::position() const {
  return {{size(), tree_.root()}, link_, node_, keys_, streams_};
}

void ForgedLedger::keep_snapshot(ByteView state) {
  auto place = store::big_endian(size());
  store::Snapshot snapshot{position(), {state.begin(), state.end()}};
  backend_.pairs(store::Table::snapshots)[{place.begin(), place.end()}] =
      store::encode_snapshot(snapshot, test_key());
}

void ForgedLedger::seal() {
  auto note = store::sign_checkpoint(node_, {size(), tree_.root()}, test_key());
  require(note.ok(), "a checkpoint can be signed");
  auto key = store::as_bytes(store::meta_checkpoint);
  backend_.pairs(store::Table::meta)[{key.begin(), key.end()}] = {note->begin(),
                                                                  note->end()};
}

}  // namespace ppn::fuzz
